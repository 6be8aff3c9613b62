"""What a fit shows: progress, printed summary, and the model card."""
