"""The embedding model with its tokenizer, and the language model."""
