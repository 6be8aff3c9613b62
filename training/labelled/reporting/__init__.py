"""Report on labelled rows before learning: what `check` finds, as text, JSON and an HTML page."""
