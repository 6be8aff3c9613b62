"""Anybody's labelled texts: reads files, checks the rows, and splits them into training and test rows."""
