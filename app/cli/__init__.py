"""What the command line does besides serving: classify files, and say what the model is and knows."""
