"""The model card of the headline model and its figures."""
