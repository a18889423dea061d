"""One module per tag of the OpenAPI document: each route parses, calls one use case and maps the result."""
