"""Offline training: from labelled texts, of Reuters or your own, to a bundle. `app` never imports this package."""
