"""What a fit says about its rows: labels that are probably wrong, a learning curve, texts to label next."""
