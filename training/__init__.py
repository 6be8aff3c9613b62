"""Offline training: from the Reuters data to a bundle that the service loads. `app` never imports this package."""
