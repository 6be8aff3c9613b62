"""Measuring bundles and comparing them."""
