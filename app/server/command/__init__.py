"""The commands `python -m app serve` and `python -m app doctor`."""
