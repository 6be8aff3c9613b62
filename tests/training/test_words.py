from training.words import unquoted


def test_words_have_no_quotes_at_their_edges() -> None:
    assert unquoted(["'strong", "markets'", "fed's", "'pause'", "''"]) == ("strong", "markets", "fed's", "pause")
