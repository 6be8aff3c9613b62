"""Rows of an input."""

from app.cli.readers.row import unique_names


def test_names_that_are_taken_get_a_prefix_until_they_are_not() -> None:
    assert unique_names(["id", "topic", "input_topic", "id"], ["line", "headline", "topic"]) == [
        "id",
        "input_topic",
        "input_input_topic",
        "input_id",
    ]
