"""The offline half: from the Reuters data to a bundle that the service loads. Never imported by `app`."""
