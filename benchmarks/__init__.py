"""What the service costs, measured beside what else could be built: `python -m benchmarks --help`."""
