"""Tantivy: the words of the API's own full-text index."""
