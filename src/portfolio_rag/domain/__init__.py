"""What everything speaks of: documents, chunks, jobs, answers, filters. The standard library alone."""
