"""What a fit says about its rows: labels that may be wrong, a learning curve, texts to label next."""
