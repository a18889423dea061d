"""How the reader that chooses the sentences of an answer was taught."""
