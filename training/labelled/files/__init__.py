"""Files of labelled rows: how each format is opened, and what to do about those that are not read."""
