"""Steps of inference in NumPy that take time with many labels."""
