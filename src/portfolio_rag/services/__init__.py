"""The use cases: one module each. They know nothing of Lambda, HTTP or boto3."""
