"""Other services for the same requests, each written as is usual for its kind, with the same model and encoder."""
