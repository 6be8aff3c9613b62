"""Stdout and stderr that never block the process."""
