"""The read path: from a question to a checked answer."""
