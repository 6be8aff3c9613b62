"""uvicorn set up for this service: HTTP protocol, workers, signals."""
