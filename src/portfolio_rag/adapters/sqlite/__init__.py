"""SQLite: the API's own file of documents, their attributes, the texts of their chunks and their vectors."""
