"""Endpoints of the service's own API."""
