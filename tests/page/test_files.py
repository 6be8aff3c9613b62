"""Files of every kind: binary files are refused by name, and lines and columns are kept."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, expect

from app.cli.classify import classify as classify_command
from tests.page.conftest import png
from tests.page.test_batch import DROP, classify, column, finished
from tests.server import RunningServer

PASTE = """(field, {name, text}) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([text], name));
    field.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
}"""


def choose(page: Page, content: bytes, name: str) -> None:
    page.set_input_files("#file", {"name": name, "mimeType": "application/octet-stream", "buffer": content})


def downloaded_json(page: Page) -> list[dict[str, Any]]:
    with page.expect_download() as download:
        page.click("#download-json")
    assert download.value.suggested_filename == "topics.json"
    rows: list[dict[str, Any]] = json.loads(download.value.path().read_text("utf-8"))
    return rows


def downloaded(page: Page) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.click("#download")
    return list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"), newline="")))


def parsed(page: Page, text: str, separator: str = ",") -> list[dict[str, Any]]:
    script = "([text, separator]) => import('./page/files/csv.js').then(csv => csv.parseCsv(text, separator))"
    rows: list[dict[str, Any]] = page.evaluate(script, [text, separator])
    return rows


REFUSED = [
    ("photo.png", png(), "is a picture, not a text file"),
    ("news.txt.gz", gzip.compress(b"wheat", mtime=0), "is compressed: unpack it first"),
    ("news.xlsx", b"PK\x03\x04\x14", "is a spreadsheet or an archive"),
    ("news.xls", b"\xd0\xcf\x11\xe0\xa1", "is a spreadsheet or a document"),
    ("news.pdf", b"%PDF-1.7\nwheat", "is a PDF"),
    ("wide.txt", "wheat\ngold".encode("utf-16-le"), "is not a text file in UTF-8, or in UTF-16"),
    ("wide-be.txt", "wheat\ngold".encode("utf-16-be"), "is not a text file in UTF-8, or in UTF-16"),
    ("wider.txt", "wheat\ngold".encode("utf-32"), "is not a text file in UTF-8, or in UTF-16"),
    ("odd.txt", "wheat".encode("utf-16")[:-1], "has a byte order mark of UTF-16, but is not valid UTF-16"),
    ("photo.txt", b"\xff\xd8\xff\xe0\0\x10JFIF", "is a picture, not a text file"),
    ("letter.rtf", b"{\\rtf1 wheat}", "is a formatted document"),
    ("noise.csv", bytes(range(256)), "is not a text file"),
    ("empty.csv", b"", "has no text to classify"),
    ("header.csv", b"headline,date\n", "has no text to classify"),
    ("broken.json", b'["wheat"', "is not JSON"),
    ("number.json", b"5", "has no JSON array"),
    ("nothing.json", b"[]", "has no text to classify"),
]
"""Files without headlines: name, content and reason; no two have the same name."""


def test_file_without_headlines_is_refused_by_name(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name, content, reason in REFUSED:
        choose(page, content, name)
        expect(page.locator("#batch-status")).to_contain_text(f"{name} {reason}")
        expect(page.locator("#announcement")).to_contain_text(f"{name} {reason}")
        expect(page.locator("#batch")).to_be_hidden()
    assert not [url for url in asked if url.endswith("/batch")]


def test_refused_file_removes_the_results_of_the_previous_one(page: Page) -> None:
    classify(page, "wheat")
    choose(page, png(), "photo.png")
    expect(page.locator("#batch")).to_be_hidden()
    classify(page, "gold")
    assert column(page, 3) == ["Gold"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_text_is_decoded_by_its_mark(page: Page, encoding: str) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    choose(page, mark + "wheat é “flour”\ngold".encode(encoding), "lines.txt")
    finished(page)
    assert column(page, 2) == ["wheat é “flour”", "gold"]


def test_guessed_encoding_is_shown(page: Page) -> None:
    choose(page, "wheat “café”".encode("windows-1252"), "lines.txt")
    finished(page)
    expect(page.locator("#batch-status")).to_contain_text("read as Windows-1252")
    expect(page.locator("#batch-status")).to_contain_text("CP949 -t UTF-8 for Korean (GB18030 for Chinese, ")
    expect(page.locator("#batch-status")).to_contain_text("If letters are wrong, convert it to UTF-8")
    assert column(page, 2) == ["wheat “café”"]
    classify(page, "gold")
    expect(page.locator("#batch-status")).not_to_contain_text("Windows-1252")


def test_stray_quote_costs_its_line_and_all_others_are_answered(page: Page) -> None:
    lines = [f'{number},"wheat flour",today' for number in range(1, 2001)]
    lines[1] = '2,"wheat flour,today'
    lines[1500] = '1501,"wheat" flour,today'
    choose(page, "\n".join(["id,headline,date", *lines]).encode(), "news.csv")
    finished(page)
    expect(page.locator("#batch-status")).to_contain_text("1,998 of 2,000 lines classified")
    expect(page.locator("#batch-status")).to_contain_text("2 bad (lines 3, 1,502)")
    rows = downloaded(page)
    assert [int(row["line"]) for row in rows] == list(range(2, 2002))
    assert [row["line"] for row in rows if row["error"]] == ["3", "1502"]
    assert {row["topic"] for row in rows if not row["error"]} == {"wheat"}
    assert rows[1]["headline"] == '2,"wheat flour,today'


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_is_that_of_the_file_where_the_row_begins(page: Page, end: str) -> None:
    text = end.join(["headline,id", '"wheat', 'flour",1', "", "gold,2", '"oil', "crude", '",3', "silver,4", ""])
    choose(page, text.encode(), "news.csv")
    finished(page)
    assert column(page, 1) == ["2", "5", "6", "9"]
    assert [row["line"] for row in downloaded(page)] == ["2", "5", "6", "9"]


def test_rows_of_csv_begin_where_they_begin(page: Page) -> None:
    assert parsed(page, 'a,"b ""c""\n,d",\n\n"",x\n"",""\n') == [
        {"line": 1, "cells": ["a", 'b "c"\n,d', ""]},
        {"line": 4, "cells": ["", "x"]},
        {"line": 5, "cells": ["", ""]},
    ]
    assert [
        (row["line"], row["cells"], "fault" in row) for row in parsed(page, 'a;5" b\n"x\ny;"z\n"q" r;1\nb;2', ";")
    ] == [
        (1, ["a", '5" b'], False),
        (2, ['"x'], True),
        (3, ['y;"z'], True),
        (4, ['"q" r;1'], True),
        (5, ["b", "2"], False),
    ]
    assert parsed(page, "") == parsed(page, "\n\r\n") == []
    assert [row["line"] for row in parsed(page, 'a\n""\n\r\nb\n""')] == [1, 2, 4, 5]  # "" is not blank


def test_row_without_the_column_is_bad_and_named(page: Page) -> None:
    choose(page, b"id,headline\n1,wheat\n2\n3,gold", "news.csv")
    finished(page)
    expect(page.locator("#batch-status")).to_contain_text("2 of 3 lines classified")
    expect(page.locator("#batch-status")).to_contain_text("1 bad (line 3)")
    assert column(page, 3) == ["Wheat", "This row has 1 column, and the header 2.", "Gold"]


def test_download_keeps_the_files_other_columns(page: Page) -> None:
    text = 'id,headline,topic,change\n1,"wheat, flour",old,-5.5\n=2+2,gold,,"a\nb"\n3,oil,x,+1\n4,oil, gas,x,+1\n'
    choose(page, text.encode(), "news.csv")
    finished(page)
    *rows, bad = downloaded(page)
    assert [(row["id"], row["input_topic"], row["change"]) for row in rows] == [
        ("1", "old", "-5.5"),
        ("'=2+2", "", "a\nb"),
        ("3", "x", "+1"),
    ]
    assert bad["error"] == "This row has 5 columns, and the header 4."
    assert [row["topic"] for row in rows] == ["wheat", "gold", "crude"]
    assert [row["headline"] for row in rows] == ["wheat, flour", "gold", "oil"]


def test_download_of_plain_lines_has_no_other_columns(page: Page) -> None:
    classify(page, "wheat")
    assert list(downloaded(page)[0])[-1] == "error"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("news.json", ["wheat", "gold"]),
        ("news.json", {"headlines": ["wheat", "gold"]}),
        ("news.json", [{"id": 1, "title": "wheat"}, {"title": "gold", "tags": ["x"]}]),
        ("news.tsv", "id\theadline\n1\twheat\n2\tgold"),
        ("news.csv", "wheat flour and corn;1\rgold;2\r"),
        ("news.csv", "wheat flour and corn\t1\ngold\t2"),
    ],
)
def test_format_follows_from_the_file_name(page: Page, name: str, content: Any) -> None:
    choose(page, (content if isinstance(content, str) else json.dumps(content)).encode(), name)
    finished(page)
    assert column(page, 3) == ["Wheat", "Gold"]
    heading = page.locator("#results th[data-key=line] button")
    expect(heading).to_have_text("Item" if name == "news.json" else "Line")


def test_json_lines_name_their_bad_lines_and_keep_their_fields(page: Page) -> None:
    good = ['{"headline": "wheat", "id": 7}', '"oil"', '{"headline": "silver", "id": {"a": 1}}']
    text = "\n".join([good[0], '{"headline": "gold"', good[1], '{"headline": 5}', "", "[1]", good[2], ""])
    choose(page, text.encode(), "news.jsonl")
    finished(page)
    expect(page.locator("#batch-status")).to_contain_text("4 bad (lines 2, 4, 5, 6)")
    rows = downloaded(page)
    assert [(row["line"], row["topic"], row["id"]) for row in rows if not row["error"]] == [
        ("1", "wheat", "7"),
        ("3", "crude", ""),
        ("7", "silver", '{"a":1}'),
    ]


def test_formula_of_any_spelling_is_kept_from_the_spreadsheet(page: Page) -> None:
    dangerous = ["=1+1", "+1+cmd", "-1+1", "@SUM(A1)", " =1", "\uff1d1+1"]
    harmless = ["-5", "+12.5", "1-2", "a=b", "0.5;-5"]
    script = "values => import('./page/files/csv.js').then(csv => csv.toCsv(values.map(value => [value])))"
    cells = page.evaluate(script, [*dangerous, *harmless, "oil;=1\t@a"]).split("\r\n")[:-1]
    assert cells == [*(f"'{one}" for one in dangerous), *harmless, "oil;'=1\t'@a"]


def test_json_has_the_same_columns_as_csv_with_the_values_of_the_file(page: Page, server: RunningServer) -> None:
    items = [
        {"id": 7, "tags": ["x"], "headline": "wheat flour"},
        {"headline": "=1+1 oil", "topic": None},
        {"headline": 5},
    ]
    choose(page, json.dumps(items).encode(), "news.json")
    finished(page)
    rows, cells = downloaded_json(page), downloaded(page)
    answer = server.predict("wheat flour").json()
    assert rows[0]["topic_set"] == answer["topic_set"]
    assert rows[0]["probability"] == answer["predictions"][0]["probability"]
    assert [(row.get("id"), row.get("tags")) for row in rows] == [(7, ["x"]), (None, None), (None, None)]
    assert [row["headline"] for row in rows[:2]] == ["wheat flour", "=1+1 oil"]
    assert (rows[1]["input_topic"], cells[1]["input_topic"]) == (None, "")
    assert [(row["line"], row["topic"]) for row in rows] == [(1, "wheat"), (2, "crude"), (3, None)]
    assert rows[2]["error"] == "Field “headline” is not a text."
    assert list(cells[0]) == [*rows[0], "input_topic"]


@pytest.mark.parametrize("target", ["#headline", "#topics"])
def test_file_is_read_wherever_it_is_dropped_or_pasted(page: Page, target: str) -> None:
    page.locator(target).evaluate(DROP, {"name": "a.csv", "text": "headline,id\ngold,1"})
    finished(page)
    assert column(page, 3) == ["Gold"]
    page.locator("#headline").evaluate(PASTE, {"name": "b.csv", "text": "headline,id\nwheat,1\noil,2"})
    expect(page.locator("#batch-status")).to_contain_text("2 of 2 lines classified")
    page.locator("#headline").evaluate(PASTE, {"name": "photo.png", "text": "\x89PNG\0"})
    expect(page.locator("#batch-status")).to_contain_text("photo.png is not a text file")


DROP_TWO = """zone => {
    const data = new DataTransfer();
    for (const name of ["a.txt", "b.txt"]) data.items.add(new File(["gold"], name));
    zone.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


def test_page_says_that_it_reads_only_one_of_several_files(page: Page) -> None:
    page.locator("#drop").evaluate(DROP_TWO)
    finished(page)
    expect(page.locator("#batch-status")).to_contain_text("a.txt: 1 of 1 lines classified")
    expect(page.locator("#batch-status")).to_contain_text("The other file was not read: drop one file at a time.")


def test_file_that_is_read_slowly_does_not_replace_a_later_one(page: Page) -> None:
    page.evaluate("""() => {
        const read = File.prototype.arrayBuffer;
        File.prototype.arrayBuffer = async function () {
            if (this.name === "slow.txt") await new Promise((resolve) => { window.release = resolve; });
            return read.call(this);
        };
    }""")
    choose(page, b"gold", "slow.txt")
    choose(page, b"wheat\nwheat", "fast.txt")
    expect(page.locator("#batch-status")).to_contain_text("fast.txt: 2 of 2 lines classified")
    page.evaluate("window.release()")
    page.wait_for_timeout(200)
    expect(page.locator("#batch-status")).to_contain_text("fast.txt: 2 of 2 lines classified")


def test_file_of_stray_quotes_is_read_once(page: Page) -> None:
    text = "id,title\n" + 'b","\n' * 20_000
    rows = parsed(page, text)  # read again from each line, this took minutes
    assert len(rows) == 20_001
    assert {row.get("fault") for row in rows[1:]} == {"Unmatched quote."}


def test_stray_quotes_without_a_usable_first_row_are_read_a_few_times_only(page: Page) -> None:
    seconds = page.evaluate(
        """async () => {
            const { parseCsv } = await import("/page/files/csv.js");
            const lines = '"",y","\\n'.repeat(8000); // inside a quote, each line closes a cell and opens another
            const time = (text) => {
                const start = performance.now();
                parseCsv(text);
                return performance.now() - start;
            };
            const least = (text) => Math.min(...[1, 2, 3].map(() => time(text)));
            return [least("id,title\\n" + lines), least(lines)];
        }"""
    )
    assert seconds[1] < 25 * seconds[0]  # of the order of 50 if each line is read 1,000 times


def test_file_with_too_many_columns_is_refused(page: Page) -> None:
    different = "\n".join(json.dumps({f"id {number}": "gold"}) for number in range(1001))
    for name, text in (("keys.jsonl", different), ("wide.csv", "gold" + ",1" * 1000)):
        choose(page, text.encode(), name)
        expect(page.locator("#batch-status")).to_have_text(f"{name} has more than 1,000 columns.")


PARITY = {
    "quotes.csv": b'headline,id\n"wheat, ""flour""\n and corn",1\n\ngold,2\n"oil,3\nsilver,4\n"zinc" x,5\ncocoa,"6"\n',
    "merged.csv": b'id,headline,a,b,c\n1,"oil,x,y,z\n2,gold,x,y,z\n3,"wheat",x,y,"z\n4,silver,x,y,z"\n5,cocoa,1,2,3\n',
    "width.csv": b"id,headline\r\n1,wheat\r\n2\r\n3,oil,more\r\n4,gold\r\n",
    "spreadsheet.csv": b'"sep=;"\r\nid;Headline\r\n1;wheat, "flour"\r\n2;gold\r\n3\r\n4;oil\r\n',
    "blank.csv": b"\n \r\nsep=;\r\n\nid;headline\n1;wheat, flour\n\n2;gold\n",
    "joined.csv": b'headline,id\nwheat,1\n Headline,id\nheadline, id \n"headline","id"\ngold,2\n',
    "one.csv": b'headline\n""\nwheat\n\n" "\ngold\n""\n',
    "blank.tsv": b"\n\t\nid\theadline\n1\twheat, flour\n2\tgold\n",
    "cr.csv": b"headline;id\rwheat;1\r\rgold;2\r",
    "literal.tsv": b'headline\tid\n"wheat flour\t1\ngold" ounce\t2\n"oil\nopec"\t3\nsilver\t"4\n',
    "lines.txt": b"wheat\n\ngold\r\noil\rsilver",
    "marked.txt": "\ufeffwheat\n\ngold".encode("utf-16"),
    "rows.jsonl": b'{"headline": "wheat"}\n\n{"headline": 5}\n{"headline": "gold"}\nnot JSON\n{"headline": "oil"}\n',
    "rows.json": b'{"headline": "wheat"}\n\n{"headline": "gold"}\n',
    "array.json": b'["wheat", {"headline": "gold"}, 5, "oil"]',
}


@pytest.mark.parametrize("name", PARITY)
def test_lines_and_topics_are_those_of_the_command(page: Page, page_bundle: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PARITY[name])
    choose(page, PARITY[name], name)
    finished(page)
    ran = CliRunner().invoke(classify_command, ["-f", str(path), "--model", str(page_bundle)])
    expected = [json.loads(line) for line in ran.stdout.splitlines()]
    good = [row for row in downloaded_json(page) if row["error"] is None]
    assert len(good) >= 2
    for key in ("line", "headline", "topic"):
        assert [row[key] for row in good] == [row[key] for row in expected]
