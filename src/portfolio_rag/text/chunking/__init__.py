"""From extracted text to chunks with windows."""
