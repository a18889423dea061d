"""Measuring answers on evaluation sets that this project did not write: `EVAL_DATA` says where they lie."""
