"""Steps of inference: pieces of words, products and rankings that are fast with many labels, and variants of a text."""
