"""What a fit shows: the learning curve, the printed summary, and the model card."""
