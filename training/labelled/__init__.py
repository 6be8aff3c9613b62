"""Labelled texts in files of your own: reads them, checks the rows, and splits them into training and test rows."""
