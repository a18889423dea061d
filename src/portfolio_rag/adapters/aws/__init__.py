"""S3, SQS, Lambda and CloudWatch."""
