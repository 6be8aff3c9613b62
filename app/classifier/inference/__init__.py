"""Steps of inference: products and rankings that are fast with many labels, variants of a text for explanations."""
