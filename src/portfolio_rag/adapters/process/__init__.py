"""The process itself: CPUs, threads, garbage collection, logs."""
