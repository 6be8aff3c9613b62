"""Linear models of a headline model: SVMs by log-count ratio or by idf, and a ridge regression."""
