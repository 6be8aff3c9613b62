"""The model made for headlines: trained on titles and bodies, a linear machine and small networks merged into one."""
