"""Access log, metrics and drift."""
