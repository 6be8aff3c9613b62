"""Benchmarks of the service against alternatives: `python -m benchmarks --help`."""
