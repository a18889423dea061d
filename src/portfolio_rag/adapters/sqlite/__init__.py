"""SQLite: the API's own index of words and replica of the vectors."""
