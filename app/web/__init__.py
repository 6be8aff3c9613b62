"""The web page, the model card and the API reference."""
