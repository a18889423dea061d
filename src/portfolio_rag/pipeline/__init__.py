"""The write path: from an upload to a complete index."""
