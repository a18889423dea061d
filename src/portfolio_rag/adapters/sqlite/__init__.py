"""SQLite: the API's own index of words and copy of the vectors."""
