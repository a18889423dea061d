"""Every protocol between the use cases and the outside: adapters implement them, tests fake them."""
