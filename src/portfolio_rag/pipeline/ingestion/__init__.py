"""From an event to embedded chunks: intake, processing, embedding."""
