"""The recipes of the book's chapter, as it trains them."""
