"""`python -m training fit`: from anybody's labelled texts to a bundle, with the recipe of training.headlines."""
