"""One folder for each outside system, behind the protocols of `ports`."""
