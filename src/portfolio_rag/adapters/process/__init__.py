"""The process itself: CPUs, threads, logs."""
