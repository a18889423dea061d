"""From the bytes of an upload to chunks with windows: sanitise, detect, extract, chunk. No AWS, no network."""
