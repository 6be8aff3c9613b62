import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.classifier import BundleError, load_bundle, load_classifier
from app.classifier.bundle import CARD, GOLDEN, MANIFEST, MODEL, WORD_INDEX
from app.classifier.manifest import Calibration, EncodingSpec, Manifest
from training.bundles.writer import Draft, ensure_bundle_writable, replace_card, write_bundle
from training.data.golden import GOLDEN_HEADLINES
from training.errors import OutputError


@pytest.fixture
def draft(tiny_bundle: Path) -> Draft:
    """A draft with the content of the tiny bundle."""
    bundle = load_bundle(tiny_bundle)
    return Draft(
        manifest=Manifest.model_validate(bundle.manifest.model_dump() | {"files": {}}),
        save_model=lambda path: Path(path).write_bytes((tiny_bundle / MODEL).read_bytes()) and None,
        word_index=bundle.word_index,
        golden=GOLDEN_HEADLINES,
        extras={"README.md": b"# Card\n"},
    )


def test_bundle_is_written_whole_and_loads(draft: Draft, tmp_path: Path) -> None:
    target = tmp_path / "models" / "new" / "1"
    classifier = write_bundle(target, draft)
    assert set(classifier.bundle.manifest.files) == {MODEL, WORD_INDEX, GOLDEN, "README.md"}
    assert [one.headline for one in classifier.bundle.golden] == list(GOLDEN_HEADLINES)
    assert list(target.parent.iterdir()) == [target]
    assert target.stat().st_mode & 0o055 == 0o055  # the server may be another user


def test_existing_bundle_is_not_overwritten(draft: Draft, tmp_path: Path) -> None:
    target = tmp_path / "1"
    write_bundle(target, draft)
    with pytest.raises(OutputError, match="exists already; choose another --output, or --force"):
        write_bundle(target, draft)


def test_bundle_that_another_run_has_written_in_the_meantime_is_kept(draft: Draft, tmp_path: Path) -> None:
    target = tmp_path / "1"
    other = replace(draft, manifest=draft.manifest.model_copy(update={"description": "of the other run"}))

    def save_as_the_other_finishes(path: Path) -> None:
        draft.save_model(path)
        write_bundle(target, other)

    with pytest.raises(OutputError, match="1: another process has written it in the meantime; choose another --output"):
        write_bundle(target, replace(draft, save_model=save_as_the_other_finishes))
    assert load_bundle(target).manifest.description == "of the other run"
    assert list(tmp_path.iterdir()) == [target]


def test_force_replaces_the_bundle(draft: Draft, tmp_path: Path) -> None:
    target = tmp_path / "1"
    write_bundle(target, draft)
    other = draft.manifest.model_copy(update={"description": "another"})
    write_bundle(target, replace(draft, manifest=other), force=True)
    assert load_bundle(target).manifest.description == "another"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("exception", [KeyboardInterrupt, RuntimeError])
def test_failure_while_writing_leaves_nothing(draft: Draft, tmp_path: Path, exception: type[BaseException]) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise exception

    with pytest.raises(exception):
        write_bundle(tmp_path / "1", replace(draft, save_model=fail))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", [MODEL, WORD_INDEX, "README.md", GOLDEN, MANIFEST])
def test_full_disk_is_one_sentence_and_leaves_what_was_there(
    draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, force: bool
) -> None:
    target = tmp_path / "1"
    before = write_bundle(target, draft).bundle.digest if force else None
    write = Path.open

    def open_(self: Path, mode: str = "r", *more: Any, **options: Any) -> Any:
        if self.name == name and mode not in ("r", "rb"):
            with write(self, "wb") as file:
                file.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device", str(self))
        return write(self, mode, *more, **options)

    monkeypatch.setattr(Path, "open", open_)
    with pytest.raises(OutputError) as refused:
        write_bundle(target, draft, force)
    monkeypatch.undo()
    assert str(refused.value) == (f"{target}: cannot be written (No space left on device); choose another --output.")
    assert list(tmp_path.iterdir()) == ([target] if force else [])
    assert not force or load_classifier(target).bundle.digest == before


def test_failure_while_replacing_keeps_the_old_bundle(draft: Draft, tmp_path: Path) -> None:
    target = tmp_path / "1"
    digest = write_bundle(target, draft).bundle.digest
    with pytest.raises(BundleError):
        write_bundle(target, replace(draft, word_index={"oil": 0}), force=True)
    assert load_classifier(target).bundle.digest == digest
    assert list(tmp_path.iterdir()) == [target]


def test_old_bundle_comes_back_if_the_rename_fails(
    draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "1"
    digest = write_bundle(target, draft).bundle.digest
    replace_ = Path.replace

    def fail_for_the_new(self: Path, to: Path) -> Path:
        if to == target and self.suffix != ".old":
            raise OSError(5, "Input/output error")
        return replace_(self, to)

    monkeypatch.setattr(Path, "replace", fail_for_the_new)
    with pytest.raises(OutputError, match="Input/output error"):
        write_bundle(target, draft, force=True)
    assert load_classifier(target).bundle.digest == digest
    assert list(tmp_path.iterdir()) == [target]


def test_bundle_that_does_not_load_is_not_kept(draft: Draft, tmp_path: Path) -> None:
    topics = draft.manifest.topics[:-1]
    with pytest.raises(BundleError):
        write_bundle(tmp_path / "1", replace(draft, manifest=draft.manifest.model_copy(update={"topics": topics})))
    assert list(tmp_path.iterdir()) == []


def test_target_that_cannot_be_written_is_found_out_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="choose another --output"):
        ensure_bundle_writable(tmp_path / "file" / "1", force=False)


def test_missing_folder_for_temporary_files_is_found_out_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def gettempdir() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("tempfile.gettempdir", gettempdir)
    with pytest.raises(OutputError, match=r"found in \['/tmp'\]\); set TMPDIR to a writable folder\."):
        ensure_bundle_writable(tmp_path / "1", force=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("inside", ["2", "2/3"])
def test_target_inside_a_bundle_is_refused_before_training(draft: Draft, tmp_path: Path, inside: str) -> None:
    write_bundle(tmp_path / "1", draft)
    with pytest.raises(OutputError, match=f"1/{inside}: is inside the bundle {tmp_path}/1; choose an --output beside"):
        ensure_bundle_writable(tmp_path / "1" / inside, force=False)
    ensure_bundle_writable(tmp_path / "2", force=False)


@pytest.mark.parametrize("force", [False, True])
def test_symbolic_link_and_file_are_refused_before_training(tmp_path: Path, force: bool) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for name, place in (("link", "folder"), ("dangling", "none")):
        (tmp_path / name).symlink_to(place)
        with pytest.raises(OutputError, match=rf"{name}: is a symbolic link; give the folder that it names, or "):
            ensure_bundle_writable(tmp_path / name, force)
    with pytest.raises(OutputError, match="file: is a file and no folder; choose another --output"):
        ensure_bundle_writable(tmp_path / "file", force)


def test_leftover_of_another_version_is_not_in_the_way(draft: Draft, tmp_path: Path) -> None:
    (leftover := tmp_path / ".1.old" / "file").parent.mkdir()
    leftover.write_bytes(b"")
    write_bundle(tmp_path / "1.2", draft)
    write_bundle(tmp_path / "1.2", draft, force=True)
    assert {path.name for path in tmp_path.iterdir()} == {".1.old", "1.2"}


def test_card_of_a_linked_bundle_is_replaced_and_the_link_stays(draft: Draft, tmp_path: Path) -> None:
    write_bundle(tmp_path / "1", draft)
    (link := tmp_path / "current").symlink_to("1")
    replace_card(link, "# New\n")
    assert link.is_symlink()
    assert (tmp_path / "1" / CARD).read_text() == "# New\n"
    assert {path.name for path in tmp_path.iterdir()} == {"1", "current"}


def test_target_that_can_be_written_is_not_created(tmp_path: Path) -> None:
    ensure_bundle_writable(tmp_path / "1", force=False)
    assert not (tmp_path / "1").exists()


def test_copy_of_a_written_bundle_is_the_same_bundle(draft: Draft, tmp_path: Path) -> None:
    digest = write_bundle(tmp_path / "1", draft).bundle.digest
    shutil.copytree(tmp_path / "1", tmp_path / "2")
    assert load_bundle(tmp_path / "2").digest == digest
    assert json.loads((tmp_path / "1" / WORD_INDEX).read_text())["the"] == 1


def test_card_is_replaced_with_its_hash_and_nothing_else_changes(draft: Draft, tmp_path: Path) -> None:
    target = tmp_path / "1"
    before = write_bundle(target, draft).bundle.manifest
    after = replace_card(target, "# Another\n").bundle.manifest
    assert (target / CARD).read_text() == "# Another\n"
    assert load_classifier(target).bundle.manifest.files[CARD] != before.files[CARD]
    assert after.model_copy(update={"files": {}}) == before.model_copy(update={"files": {}})
    assert {name: entry for name, entry in after.files.items() if name != CARD} == {
        name: entry for name, entry in before.files.items() if name != CARD
    }
    assert list(tmp_path.iterdir()) == [target]


def test_card_of_a_damaged_bundle_is_not_replaced(draft: Draft, tmp_path: Path) -> None:
    target = tmp_path / "1"
    write_bundle(target, draft)
    (target / WORD_INDEX).write_text("{}")
    with pytest.raises(BundleError):
        replace_card(target, "# Another\n")
    assert (target / CARD).read_text() == "# Card\n"


def test_outside_class_is_written_in_format_2_with_its_golden_answers(outside_bundle: Path, tmp_path: Path) -> None:
    bundle = load_bundle(outside_bundle)
    manifest = Manifest.model_validate(bundle.manifest.model_dump() | {"files": {}})
    model = (outside_bundle / MODEL).read_bytes()
    draft = Draft(manifest, lambda path: path.write_bytes(model) and None, bundle.word_index, GOLDEN_HEADLINES)
    written = write_bundle(tmp_path / "1", draft).bundle
    assert written.manifest.format == 2
    assert written.manifest.outside == bundle.manifest.outside
    expected = load_classifier(outside_bundle).classify([one.headline for one in written.golden])
    assert [one.outside for one in written.golden] == [one.outside for one in expected]
    assert None in [one.outside for one in expected]


def test_encoding_with_pieces_is_written_in_format_3_and_read_as_it_was(pieces_bundle: Path, tmp_path: Path) -> None:
    bundle = load_bundle(pieces_bundle)
    manifest = Manifest.model_validate(bundle.manifest.model_dump() | {"files": {}})
    model = (pieces_bundle / MODEL).read_bytes()
    draft = Draft(manifest, lambda path: path.write_bytes(model) and None, bundle.word_index, GOLDEN_HEADLINES)
    write_bundle(tmp_path / "1", draft)
    written = load_bundle(tmp_path / "1")
    assert written.manifest.format == 3
    assert written.manifest.encoding == bundle.manifest.encoding
    assert written.word_index == bundle.word_index


@pytest.mark.parametrize(
    ("changes", "format_", "left_out"),
    [
        ({}, 1, {"references", "split_unspaced", "pieces", "split_symbols", "split_marks"}),
        ({"references": "html"}, 2, {"split_unspaced", "pieces", "split_symbols", "split_marks"}),
        ({"split_unspaced": True}, 3, {"split_symbols", "split_marks"}),
        ({"split_symbols": True}, 5, {"split_marks"}),
        ({"split_marks": True}, 6, set()),
    ],
)
def test_manifest_has_no_field_that_a_service_of_its_format_would_refuse(
    draft: Draft, changes: dict[str, object], format_: int, left_out: set[str], tmp_path: Path
) -> None:
    spec = draft.manifest.encoding.model_copy(update={"references": "keras"} | changes)
    manifest = draft.manifest.model_copy(update={"encoding": spec, "calibration": None, "outside": None, "format": 6})
    write_bundle(tmp_path / "1", replace(draft, manifest=manifest))
    raw = json.loads((tmp_path / "1" / MANIFEST).read_text())
    assert raw["format"] == format_
    assert {*EncodingSpec.model_fields} - {*raw["encoding"]} == left_out
    newer = {"outside": 2, "title": 3, "language": 3, "multi_label": 4}
    assert newer.keys() & raw.keys() == {name for name, since in newer.items() if since <= format_}


def test_bundle_without_what_format_2_adds_is_one_that_an_older_service_can_read(draft: Draft, tmp_path: Path) -> None:
    manifest = draft.manifest.model_copy(update={"calibration": Calibration(intercept=0.1), "format": 2})
    write_bundle(tmp_path / "1", replace(draft, manifest=manifest))
    raw = json.loads((tmp_path / "1" / MANIFEST).read_text())
    assert raw["format"] == 1
    assert "outside" not in raw
    assert set(raw["calibration"]) == {"intercept", "gap_slope"}
    assert all(set(one) == {"headline", "probabilities"} for one in json.loads((tmp_path / "1" / GOLDEN).read_text()))
