"""The recipe `headlines`: a linear SVM and small MLPs, trained on titles and bodies, merged into one network."""
