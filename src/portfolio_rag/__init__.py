"""Drop a document into S3; seconds later a chat answers from it."""

import os

# ONNX Runtime's wheels (1.29 and later) send usage events to their maker, from a thread that the import starts, unless
# this says otherwise before it. Documents are private, and a process with a second thread must not be forked.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
