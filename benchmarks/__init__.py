"""Every claim as a command that prints a table: ``python -m benchmarks.NAME``."""
