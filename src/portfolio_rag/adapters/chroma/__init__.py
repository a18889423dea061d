"""Chroma: the vector database."""
