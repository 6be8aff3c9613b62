"""Labelled texts: the Reuters archive and the Keras data set."""
