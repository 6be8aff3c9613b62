"""ASGI middleware: request context, authentication, CORS, errors."""
