"""Comparing two bundles on the same texts."""
