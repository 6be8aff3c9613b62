"""Figures of a bundle on a file of labelled present-day headlines, which is not in the repository."""
