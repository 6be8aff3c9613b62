"""Input files of a bulk job: which are found, by which names and in which formats."""

from pathlib import Path

import pytest

from app.cli.bulk.files import absolute, find_files, resolve
from app.cli.exit_status import InputError, UnavailableError


def test_files_of_a_folder_are_found_by_name_without_hidden_ones(tmp_path: Path) -> None:
    names = ["b.CSV", "a.jsonl", "more/c.txt.gz", "more/d e.parquet", "tsv.TSV", "x.y.json", "z.ndjson"]
    hidden = ["_plan.json", ".a.csv", "_bad/a.csv", "more/.git/a.csv", "more/_a.exe"]
    for name in [*names, *hidden]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("oil")
    found = find_files(str(tmp_path), [], [])
    assert [one.name for one in found] == sorted(names)
    assert [one.form for one in found] == ["jsonl", "csv", "lines", "parquet", "tsv", "json", "jsonl"]
    assert [one.path for one in found] == [str(tmp_path / name) for name in sorted(names)]
    assert {one.size for one in found} == {3}
    assert found[0].modified == (tmp_path / "a.jsonl").stat().st_mtime_ns
    assert find_files(f"{tmp_path}/", [], []) == found


def test_one_file_is_called_by_its_own_name_which_may_be_hidden(tmp_path: Path) -> None:
    (tmp_path / "_a.csv").write_text("headline\n")
    [file] = find_files(str(tmp_path / "_a.csv"), [], [])
    assert (file.name, file.path, file.form, file.size) == ("_a.csv", str(tmp_path / "_a.csv"), "csv", 9)


def test_one_file_may_have_any_name_if_its_format_is_given(tmp_path: Path) -> None:
    (tmp_path / "a.data").write_text("title\n")
    assert [one.form for one in find_files(str(tmp_path / "a.data"), ["title"], [])] == ["csv"]
    assert [one.form for one in find_files(str(tmp_path / "a.data"), [], ["title"])] == ["json"]
    for address, columns in ((tmp_path / "a.data", []), (tmp_path, ["title"])):
        with pytest.raises(InputError, match=r"a\.data: cannot be read, its name ends with none of \.csv, \.json"):
            find_files(str(address), columns, [])


@pytest.mark.parametrize("name", ["a.csv.zip", "a.gz", "a", "a.parquet.gz", "a.csv.gz.gz"])
def test_file_of_another_format_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("?")
    with pytest.raises(InputError, match=r"\(all but \.parquet also with \.gz\); unpack or rename it\."):
        find_files(str(tmp_path), [], [])


def test_folder_without_a_file_and_no_folder_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty" / "more").mkdir(parents=True)
    with pytest.raises(InputError, match=r"empty: holds no file to read"):
        find_files(str(tmp_path / "empty"), [], [])
    with pytest.raises(InputError, match=r"none: there is no such file or folder; correct the path\."):
        find_files(str(tmp_path / "none"), [], [])


def test_local_path_holds_in_any_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("a b/c") == resolve("a b/c")[1] == str(tmp_path / "a b" / "c")
    assert absolute("s3://bucket/a") == "s3://bucket/a"


def test_unknown_scheme_is_one_sentence() -> None:
    with pytest.raises(UnavailableError, match=r"^nosuch://a: cannot be reached \("):
        resolve("nosuch://a")
