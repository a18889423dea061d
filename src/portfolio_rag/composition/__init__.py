"""Who gets what: one module for each entry point, the only place that builds clients and wires use cases."""
