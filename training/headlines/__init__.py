"""The headline model, for any set of labels: a linear SVM and small MLPs, merged into one network."""
