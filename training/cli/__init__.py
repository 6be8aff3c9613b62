"""The commands of `python -m training`: options, progress bars and printed results."""

from training.cli.group import cli

__all__ = ["cli"]
