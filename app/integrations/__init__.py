"""Integrations with servers other than uvicorn."""
