"""Keeping the documents below a prefix in step with a folder or a bucket: `rag sync`."""
