"""Who gets what: one module for each entry point, the only place that builds clients and wires use cases.

Each module has a class that adds the parts of its entry point to those it builds on, and imports no more than it needs:
a light function never loads the model. Nothing is built at import time.
"""
