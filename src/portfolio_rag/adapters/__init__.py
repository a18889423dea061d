"""One adapter per outside system, each behind a protocol of `ports.py`."""
