"""ASGI middleware: request IDs, authentication, load shedding, errors."""
