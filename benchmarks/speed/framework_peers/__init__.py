"""Services made with other serving frameworks, each with its own batching, around the same encoder and a tf.function.

They run in environments of their own: `requirements/` has the packages.
"""
