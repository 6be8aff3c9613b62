"""Reads labelled texts from your own files, checks the rows, and splits them into training and test rows."""
