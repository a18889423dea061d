"""Baking: a sentence-transformers model becomes a small, fast ONNX model, checked against the original.

`python -m portfolio_rag.bake --output DIR` at build time; adapters/models/onnx_embedder.py runs the result.
"""
