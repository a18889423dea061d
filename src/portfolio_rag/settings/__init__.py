"""Environment variables, and the rules in the config bucket."""
