"""Reads headlines from files: decoding, and rows of CSV, JSON and plain lines."""
