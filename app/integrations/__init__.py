"""Hosts other than uvicorn."""
