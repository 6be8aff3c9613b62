"""Writing, publishing and exporting bundles."""
