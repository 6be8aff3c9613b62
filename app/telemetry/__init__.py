"""Metrics, access log and drift."""
