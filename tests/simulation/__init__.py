"""In-memory models of S3, SQS, DynamoDB and Chroma, faithful in what the pipeline relies on.

`tests/simulation/test_contract.py` runs the same expectations against these models and against the emulator.
"""
