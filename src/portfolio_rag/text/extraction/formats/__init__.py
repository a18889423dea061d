"""One module per format, each with `extract(...) -> ExtractedDocument`; they run in the child process only."""
