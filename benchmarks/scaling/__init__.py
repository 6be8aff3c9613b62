"""How cost grows with the size of a request, and with the number of pods: the figures of docs/scaling.md."""
