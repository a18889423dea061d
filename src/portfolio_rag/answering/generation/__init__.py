"""From passages to an answer, written by a language model or taken from their sentences."""
