"""Who may call the API, how often, and what of it."""
