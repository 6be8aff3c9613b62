"""The network of a bundle: in NumPy, from the bytes of its weights, or in Keras."""
