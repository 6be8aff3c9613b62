"""Reads a generated archive of ten wires in two SGML files instead of 22."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from training.data import corpus
from training.data.corpus import ARCHIVE_FILES, ArchiveWire, read_archive, read_corpus
from training.data.split import keras_order, keras_split
from training.data.topics import LABELS, NAMES, TOPICS
from training.errors import CorpusError

FIRST, SECOND = ARCHIVE_FILES[:2]


def wire(number: object, topics: str, title: str | None = None, body: str | None = None) -> str:
    """One wire as SGML, with the header that it has in the archive."""
    text = "" if title is None else f"<TITLE>{title}</TITLE>\n"
    text += "<DATELINE>    LONDON, March 1 - </DATELINE>"
    text += "" if body is None else f"<BODY>{body}\n&#3;</BODY>"
    return (
        f'<REUTERS TOPICS="YES" LEWISSPLIT="TRAIN" CGISPLIT="TRAINING-SET" OLDID="5544" NEWID="{number}">\n'
        f"<DATE>26-FEB-1987 15:01:01.79</DATE>\n<TOPICS>{topics}</TOPICS>\n<PLACES><D>uk</D></PLACES>\n"
        f"<TEXT>&#2;\n{text}</TEXT>\n</REUTERS>\n"
    )


HEAD = '<!DOCTYPE lewis SYSTEM "lewis.dtd">\n'
FILES = {
    FIRST: HEAD
    + wire(1, "<D>cocoa</D>", "BAHIA  COCOA &lt;REVIEW>\n  GOES ON", "Showers   continued &amp; went on.\n Reuter")
    + wire(2, "", "NO TOPIC AT ALL", "Nothing to see. REUTER")
    + wire(3, "<D>grain</D><D>corn</D><D>wheat</D>", None, "Reuter said so.")
    + wire(4, "<D>oil-of-no-topic</D><D>crude</D>", "THE FIRST TOPIC IS NOT ONE OF THE 46", "Oil. Reuter")
    + wire(5, "<D>crude</D>", "   ", None)
    + wire(6, "<D>earn</D>", "A TITLE ALONE", None),
    SECOND: HEAD
    + wire(7, "<D>acq</D><D>earn</D>", "CAF\xe9 BOUGHT", "Caf\xe9s were bought.")
    + wire(8, "<D>lead</D>", "SHORT", "Reuter")
    + wire(9, "<D>grain</D>", "GRAIN", "Grain.")
    + wire(10, "<D>crude</D>", "NO BODY FOLLOWS", None),
}
KEPT = [1, 3, 5, 6, 7, 8, 9, 10]
"""Numbers of the wires whose first topic is one of the 46."""


def write(archive: Path, files: dict[str, str], mode: str = "w:gz") -> Path:
    with tarfile.open(archive, mode) as tar:
        for name, text in files.items():
            content = text.encode("latin-1")
            member = tarfile.TarInfo(f"reuters21578/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive


@pytest.fixture(autouse=True)
def small_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "ARCHIVE_FILES", (FIRST, SECOND))
    monkeypatch.setattr(corpus, "ARCHIVE_WIRES", 10)
    monkeypatch.setattr(corpus, "KERAS_WIRES", len(KEPT))
    monkeypatch.setattr(corpus, "KERAS_TRAIN", 6)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    # Written in the wrong order and with other files; only the names matter.
    return write(tmp_path / "small.tar.gz", {"README.txt": "x", SECOND: FILES[SECOND], FIRST: FILES[FIRST]})


@pytest.fixture
def wires(archive: Path) -> dict[int, ArchiveWire]:
    return {one.number: one for one in read_archive(archive)}


def refusal(archive: Path) -> str:
    with pytest.raises(CorpusError) as refused:
        list(read_archive(archive))
    message = str(refused.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_topics_are_those_that_bundles_name_in_the_order_of_keras() -> None:
    assert list(NAMES) == list(TOPICS)
    assert len(TOPICS) == 46
    assert (LABELS["cocoa"], LABELS["crude"], LABELS["lead"]) == (0, 16, 45)


def test_the_real_archive_has_22_files_and_the_set_its_published_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert (ARCHIVE_FILES[0], ARCHIVE_FILES[-1], len(ARCHIVE_FILES)) == ("reut2-000.sgm", "reut2-021.sgm", 22)
    assert (corpus.ARCHIVE_WIRES, corpus.KERAS_WIRES, corpus.KERAS_TRAIN) == (21_578, 11_228, 8_982)


def test_every_wire_is_read_in_the_order_of_the_files(archive: Path) -> None:
    assert [one.number for one in read_archive(archive)] == list(range(1, 11))


def test_title_is_one_line_with_its_entities_decoded(wires: dict[int, ArchiveWire]) -> None:
    assert wires[1].title == "BAHIA COCOA <REVIEW> GOES ON"
    assert wires[7].title == "CAFé BOUGHT"


def test_wire_without_a_title_or_with_an_empty_one_has_none(wires: dict[int, ArchiveWire]) -> None:
    assert (wires[3].title, wires[5].title) == (None, None)


def test_body_is_its_own_text_without_the_closing_cue(wires: dict[int, ArchiveWire]) -> None:
    assert wires[1].body == "Showers   continued & went on."
    assert wires[2].body == "Nothing to see."
    assert wires[3].body == "Reuter said so."
    assert wires[7].body == "Cafés were bought."
    assert wires[8].body == ""


def test_wire_without_a_body_has_none_though_another_follows(wires: dict[int, ArchiveWire]) -> None:
    assert [number for number, one in wires.items() if one.body is None] == [5, 6, 10]


def test_text_of_keras_is_raw_and_that_of_a_later_wire_where_its_own_is_missing(wires: dict[int, ArchiveWire]) -> None:
    assert wires[1].keras_text == "Showers   continued &amp; went on.\n Reuter\n&#3;"
    assert wires[3].keras_text == "Reuter said so.\n&#3;"
    # No body follows in this file: from its sixth character to the first closing tag.
    for number, name in ((5, FIRST), (6, FIRST), (10, SECOND)):
        assert wires[number].keras_text == FILES[name][5 : FILES[name].index("</")]


def test_text_of_a_wire_without_a_body_is_that_of_the_next_with_one() -> None:
    files = {FIRST: FILES[SECOND], SECOND: HEAD + wire(1, "", "T") + wire(2, "", "T") + FILES[FIRST][len(HEAD) :]}
    found = [one.keras_text for one in corpus._parse_file("x", files[SECOND])]
    assert found[0] == found[1] == found[2]
    assert found[0].startswith("Showers")


def test_wire_says_whether_it_was_to_have_topics_and_its_part(tmp_path: Path) -> None:
    later = FILES[SECOND].replace('TOPICS="YES" LEWISSPLIT="TRAIN"', 'TOPICS="NO" LEWISSPLIT="NOT-USED"')
    files = {FIRST: FILES[FIRST], SECOND: later}
    found = {one.number: (one.marked, one.part) for one in read_archive(write(tmp_path / "b.tar.gz", files))}
    assert found[1] == ("YES", "TRAIN")
    assert found[7] == ("NO", "NOT-USED")


def test_topics_are_all_that_are_assigned(wires: dict[int, ArchiveWire]) -> None:
    assert [wires[number].topics for number in (1, 2, 3, 4)] == [
        ("cocoa",),
        (),
        ("grain", "corn", "wheat"),
        ("oil-of-no-topic", "crude"),
    ]


def test_set_has_the_wires_whose_first_topic_is_one_of_the_46(archive: Path) -> None:
    found = {one.number: one for one in read_corpus(archive)}
    assert sorted(found) == KEPT
    assert [found[number].label for number in KEPT] == [0, 1, 16, 3, 4, 45, 1, 16]
    assert found[3].labels == (1, 5)  # `corn` is not one of the 46
    assert found[7].labels == (4, 3)
    assert (found[3].topics, found[1].title) == (("grain", "corn", "wheat"), "BAHIA COCOA <REVIEW> GOES ON")
    assert (found[1].body, found[5].body) == ("Showers   continued & went on.", None)
    assert found[1].keras_text.startswith("Showers   continued &amp;")


def test_order_and_split_are_those_of_keras(archive: Path) -> None:
    found = read_corpus(archive)
    train, test = keras_split(KEPT)
    assert [one.number for one in found] == [*train, *test]
    assert [(one.split, one.position) for one in found] == [
        *(("train", at) for at in range(6)),
        *(("test", at) for at in range(2)),
    ]
    order = np.arange(len(KEPT))
    np.random.RandomState(113).shuffle(order)
    assert keras_order(len(KEPT)) == order.tolist()
    assert [one.number for one in found] != sorted(one.number for one in found)


def test_missing_archive_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path / "none.tar.gz")
    assert "There is no archive at" in message
    assert "none.tar.gz; run `python -m training fetch`" in message


@pytest.mark.parametrize("missing", [FIRST, SECOND])
def test_archive_without_one_of_its_files_is_refused(tmp_path: Path, missing: str) -> None:
    files = {name: text for name, text in FILES.items() if name != missing}
    assert f"lacks the file {missing}" in refusal(write(tmp_path / "a.tar.gz", files))


def test_folder_with_the_name_of_a_file_is_not_that_file(tmp_path: Path) -> None:
    archive = write(tmp_path / "a.tar.gz", {SECOND: FILES[SECOND]})
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo(FIRST)
        member.type = tarfile.DIRTYPE
        tar.addfile(member)
    assert f"lacks the file {FIRST}" in refusal(archive)


def test_archive_with_too_few_wires_is_refused(tmp_path: Path) -> None:
    files = FILES | {SECOND: FILES[SECOND][: FILES[SECOND].rindex("<REUTERS ")]}
    assert "holds 9 wires instead of 10" in refusal(write(tmp_path / "a.tar.gz", files))


def test_archive_with_another_number_of_wires_of_the_46_topics_is_refused(tmp_path: Path) -> None:
    files = FILES | {FIRST: FILES[FIRST].replace("<D>cocoa</D>", "<D>tea</D>")}
    with pytest.raises(CorpusError, match="holds 7 wires of the 46 topics where Keras has 8"):
        read_corpus(write(tmp_path / "a.tar.gz", files))


@pytest.mark.parametrize("cut", [0, 1, 100, 0.5, 0.9])
def test_truncated_archive_is_refused(archive: Path, cut: float) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[: cut if isinstance(cut, int) else int(cut * len(content))])
    assert "cannot be read (" in refusal(archive)


def test_archive_that_is_no_gzip_is_refused(tmp_path: Path) -> None:
    assert "cannot be read (" in refusal(write(tmp_path / "a.tar.gz", FILES, "w"))


def test_flipped_bytes_are_refused(archive: Path) -> None:
    content = bytearray(archive.read_bytes())
    content[len(content) // 2 :] = bytes(byte ^ 0x55 for byte in content[len(content) // 2 :])
    archive.write_bytes(content)
    assert "fetch it again" in refusal(archive)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: text.rindex("</REUTERS>")],
        lambda text: text.replace('NEWID="6"', 'NEWID="six"'),
        lambda text: text.replace('NEWID="6"', 'NEWID="-6"'),
        lambda text: text.replace('NEWID="6"', ""),
        lambda text: text.replace("<TOPICS><D>earn</D></TOPICS>", ""),
        lambda text: text.replace("<D>earn</D></TOPICS>", "<D>earn</D>"),
    ],
)
def test_damaged_wire_is_refused_with_its_place(tmp_path: Path, damage) -> None:
    text = damage(FILES[FIRST])
    place = FILES[FIRST].rindex("<REUTERS ")
    archive = write(tmp_path / "a.tar.gz", FILES | {FIRST: text})
    assert f"{FIRST}, character {place:,}: a wire is cut off or malformed" in refusal(archive)
