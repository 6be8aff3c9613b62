"""What becomes of single characters before a text is split: folding, and characters that are words."""
