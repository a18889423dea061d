"""Bugs that are planted into the API and its keys, and the test that catches each."""
