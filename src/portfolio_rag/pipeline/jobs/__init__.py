"""Jobs over many documents, which go on over as many invocations as they take."""
