"""Commands that need no server: classify headlines, print the model's manifest, list its topics."""
