"""The HTTP API: FastAPI over the use cases of `portfolio_rag.services`."""
