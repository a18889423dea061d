"""From the bytes of an upload to text with its structure. No AWS, no network."""
