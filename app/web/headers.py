"""Response headers of the page, among them its Content-Security-Policy."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    # Trusted Types: assigning a string to innerHTML fails, so a headline can never become markup.
    "Content-Security-Policy": POLICY + "; require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",  # revalidate each time; with an unchanged ETag: 304
}
# Swagger UI assigns to innerHTML, after sanitizing.
DOCS_HEADERS = HEADERS | {"Content-Security-Policy": POLICY}
