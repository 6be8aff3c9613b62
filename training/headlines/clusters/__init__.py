"""Clusters of English words with similar word vectors: their list, and the command that makes it."""
