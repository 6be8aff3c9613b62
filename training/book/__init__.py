"""The recipes of the book's chapter on newswires, trained as in the book."""
