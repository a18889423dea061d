"""Whether the sources hold what an answer says."""
