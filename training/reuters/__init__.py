"""The recipe `headlines`: training.headlines on the titles and bodies of the Reuters wires, and on the lexicon."""
