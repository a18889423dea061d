"""Drop a document into S3; seconds later a chat answers from it."""
