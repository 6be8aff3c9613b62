"""The online half: a headline in, topics out. Never imports `training`, nor TensorFlow unless told to."""
