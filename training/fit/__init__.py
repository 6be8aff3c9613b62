"""`python -m training fit`: from labelled texts of your own to a bundle, with the recipe of training.headlines."""
