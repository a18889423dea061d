"""The life of a document: its versions, its bytes in S3, its vectors' backup, its end."""
