"""One process's model, batching, limits and lifecycle; no HTTP."""
