from app.server.http.unparsed_bytes import MIN_PIECE, UnparsedBytes

HEAD = b"POST / HTTP/1.1\r\n\r\n"


def test_one_request_is_taken_at_a_time():
    unparsed = UnparsedBytes(HEAD + b"body" + HEAD + b"bo")
    pieces = [bytes(unparsed.take(length)) for length in (0, 4, 0, 4)]
    assert pieces == [HEAD, b"body", HEAD, b"bo"]
    assert len(unparsed) == 0


def test_head_that_is_incomplete_is_taken_as_far_as_it_goes():
    assert bytes(UnparsedBytes(HEAD[:-1]).take(0)) == HEAD[:-1]


def test_what_arrives_later_is_appended():
    unparsed = UnparsedBytes(HEAD + b"PO")
    unparsed.take(0)
    unparsed.add(b"ST")
    assert len(unparsed) == 4
    assert bytes(unparsed.take(0)) == b"POST"


def test_blank_lines_in_a_body_do_not_make_a_piece_each():
    unparsed = UnparsedBytes(b"\r\n\r\n" * 1000)
    assert len(unparsed.take(0, MIN_PIECE)) == MIN_PIECE + 4
    assert len(unparsed.take(0)) == 4


def test_body_that_has_been_taken_is_not_kept():
    unparsed = UnparsedBytes(HEAD + bytes(100_000) + HEAD)
    unparsed.take(0)
    unparsed.take(100_000)
    assert len(unparsed._data) == len(unparsed) == len(HEAD)
