"""Headlines out of files: decoding, and rows of CSV, JSON and plain lines."""
