"""What is done to text, without AWS or a network: language, extraction, chunking."""
