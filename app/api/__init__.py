"""The HTTP API: routes, middleware, schemas and errors."""
