"""The error about a folder that is no bundle names the bundles near it."""

from pathlib import Path

import pytest

from app import bundle_folders
from app.bundle_folders import MAX_NAMED, bundles_in, missing_bundle


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for name in ("book/1", "headlines/9", "headlines/10", "headlines/draft"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "manifest.json").touch()
    (tmp_path / "models" / "headlines" / "notes").mkdir()
    (tmp_path / "models" / "README.md").touch()
    return tmp_path / "models"


def test_folder_of_versions_names_them_in_the_order_of_their_numbers(models: Path):
    folder = models / "headlines"
    assert missing_bundle(folder) == (
        f"{folder}: is not a bundle but has bundles in it; choose {folder / 'draft'}, {folder / '9'} or {folder / '10'}"
    )


def test_folder_of_names_lists_the_versions_of_each(models: Path):
    assert set(bundles_in(models)) == {
        models / name for name in ("book/1", "headlines/9", "headlines/10", "headlines/draft")
    }
    assert str(models / "book" / "1") in missing_bundle(models)


def test_folder_that_a_killed_training_left_is_not_a_choice(models: Path):
    (models / "book" / ".2-0123456789ab").mkdir()
    (models / "book" / ".2-0123456789ab" / "manifest.json").touch()
    assert bundles_in(models / "book") == [models / "book" / "1"]


def test_only_version_is_named_alone(models: Path):
    assert missing_bundle(models / "book").endswith(f"choose {models / 'book' / '1'}")


def test_version_that_does_not_exist_names_those_beside_it(models: Path):
    assert missing_bundle(models / "book" / "2") == (
        f"{models / 'book' / '2'}: no such bundle folder; choose {models / 'book' / '1'}"
    )


def test_misspelt_name_gets_the_versions_of_the_nearest(models: Path):
    near = ", ".join(str(models / "headlines" / version) for version in ("draft", "9", "10"))
    assert missing_bundle(models / "headline" / "10").endswith(f"choose {near} or {models / 'book' / '1'}")


def test_misspelt_folder_of_versions_gets_all_bundles_the_nearest_first(models: Path):
    (models / "live").symlink_to("headlines/10")
    sentence = missing_bundle(models / "books")
    assert sentence.startswith(f"{models / 'books'}: no such bundle folder; choose {models / 'book' / '1'}, ")
    assert str(models / "live") in sentence
    assert str(models / "headlines" / "10") in sentence


@pytest.mark.parametrize("name", ["book/1", "books", "model/book/1"])
def test_relative_name_without_its_first_folder_gets_the_bundles_in_models(
    models: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    (models / "live").symlink_to("headlines/10")  # found from the working directory, but not the only one
    monkeypatch.chdir(models.parent)
    assert missing_bundle(Path(name)).startswith(f"{name}: no such bundle folder; choose models/book/1, ")


def test_folder_that_may_not_be_read_has_no_bundle_to_choose(models: Path, monkeypatch: pytest.MonkeyPatch):
    real = Path.iterdir

    def iterdir(folder: Path) -> object:
        if folder.name == "headlines":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert missing_bundle(models / "books").endswith(f"choose {models / 'book' / '1'}")


def test_search_for_bundles_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for number in range(5):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "manifest.json").touch()
    monkeypatch.setattr(bundle_folders, "MAX_ENTRIES", 3)
    assert len(bundles_in(tmp_path)) == 3


def test_file_is_told_from_a_folder(models: Path):
    manifest = models / "book" / "1" / "manifest.json"
    assert missing_bundle(manifest) == f"{manifest}: is a file; name its folder, {manifest.parent}"
    assert missing_bundle(models / "README.md").endswith("is a file; name the folder of a bundle")


def test_link_to_nothing_says_where_it_points(models: Path):
    live = models / "live"
    live.symlink_to("headlines/11")
    assert missing_bundle(live) == (
        f"{live}: no such bundle folder: the symbolic link points to headlines/11, which does not exist"
    )


def test_empty_folder_needs_a_manifest(models: Path):
    folder = models / "headlines" / "notes"
    assert missing_bundle(folder) == f"{folder}: no such bundle: the folder has no manifest.json; name one that does"


def test_bundle_is_not_missing(models: Path):
    assert missing_bundle(models / "book" / "1") is None


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "nowhere/of/any/kind"])
def test_any_path_gets_one_sentence(name: str):
    assert len(missing_bundle(Path("/") / name).splitlines()) == 1


def test_many_versions_are_not_all_listed(tmp_path: Path):
    for number in range(MAX_NAMED + 5):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "manifest.json").touch()
    sentence = missing_bundle(tmp_path)
    assert sentence.count(str(tmp_path / "1")) <= MAX_NAMED
    assert sentence.endswith(f"{MAX_NAMED + 4} or one of 5 others")


def test_names_without_numbers_are_in_alphabetical_order_and_one_more_is_another(tmp_path: Path):
    names = "abcdefghijk"
    for name in reversed(names):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").touch()
    sentence = missing_bundle(tmp_path)
    assert sentence is not None
    assert sentence.endswith(", ".join(str(tmp_path / name) for name in names[1:]) + " or another one")
