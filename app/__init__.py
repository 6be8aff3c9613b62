"""The online half: a headline in, topics out. Never imports `training`, nor TensorFlow unless told to."""

VERSION = "0.2.0"
