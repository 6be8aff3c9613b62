"""Every fault of a bundle is refused with one sentence that names the file."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from app.classifier import Bundle, BundleError, load_bundle, load_classifier
from app.classifier.bundle import CARD, GOLDEN, MANIFEST, MODEL, WORD_INDEX
from app.classifier.loading import Runtime
from tests.server import ROOT
from tests.tiny_bundle import SIZE, keras_file, seal
from training.bundles.weight_offsets import dense_layers

FILES = (MODEL, WORD_INDEX, GOLDEN)


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the bundle that the test damages."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


def refusal(folder: Path) -> str:
    with pytest.raises(BundleError) as refused:
        load_classifier(folder)
    message = str(refused.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def change_manifest(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | changes))


def test_whole_bundle_loads_and_is_identified_by_its_manifest(bundle: Path) -> None:
    before = load_bundle(bundle).digest
    change_manifest(bundle, description="another")
    assert load_bundle(bundle).digest != before


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    assert "no such bundle folder" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_missing_file_is_refused(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    assert name in refusal(bundle)


@pytest.mark.parametrize("name", FILES)
def test_truncated_file_is_refused(bundle: Path, name: str) -> None:
    content = (bundle / name).read_bytes()
    (bundle / name).write_bytes(content[: len(content) // 2])
    message = refusal(bundle)
    assert name in message
    assert "bytes, but the manifest lists" in message


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0.0, 0.5, 0.99])
def test_flipped_byte_is_refused(bundle: Path, name: str, place: float) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[int(len(content) * place)] ^= 1
    (bundle / name).write_bytes(content)
    message = refusal(bundle)
    assert name in message
    assert "SHA-256" in message


def overwrite(file: Path) -> None:
    """Overwrite in place, as `cp` does: a process that has the file open or mapped reads the new bytes."""
    with file.open("r+b") as open_file:
        open_file.write(bytes(file.stat().st_size))


def test_files_changed_in_place_after_loading_change_no_answer(bundle: Path) -> None:
    classifier = load_classifier(bundle)
    before = classifier.classify(["Oil prices rise", "wheat"])
    for name in FILES:
        overwrite(bundle / name)
    classifier.verify_golden()
    assert classifier.classify(["Oil prices rise", "wheat"]) == before


@pytest.mark.parametrize("runtime", ["numpy", pytest.param("keras", marks=pytest.mark.slow)])
def test_what_is_used_are_the_bytes_that_were_verified(
    bundle: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    if runtime == "keras":
        pytest.importorskip("keras")

    def load_and_change(folder: Path) -> Bundle:
        verified = load_bundle(folder)
        overwrite(folder / MODEL)
        return verified

    monkeypatch.setattr("app.classifier.loading.load_bundle", load_and_change)
    assert load_classifier(bundle, runtime).classify(["oil opec"])[0].labels[0] == 16
    with pytest.raises(BundleError, match="SHA-256"):
        load_classifier(bundle, runtime)


def test_model_truncated_in_place_is_answered_as_before(bundle: Path) -> None:
    """In a subprocess: reading a mapped file beyond its end raises SIGBUS, which ends the process."""
    code = (
        "import os, sys; from pathlib import Path; from app.classifier import load_classifier;"
        "c = load_classifier(Path(sys.argv[1]));"
        "os.truncate(sys.argv[1] + '/model.keras', 0); c.verify_golden()"
    )
    assert subprocess.run([sys.executable, "-c", code, str(bundle)], cwd=ROOT, check=False).returncode == 0


@pytest.fixture
def alarm() -> Iterator[None]:
    """Turns an endless wait into a failure."""

    def expire(*_: object) -> None:
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("alarm")
@pytest.mark.parametrize("name", FILES)
def test_fifo_in_the_place_of_a_file_is_refused_without_waiting(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    os.mkfifo(bundle / name)
    assert "not a regular file" in refusal(bundle)


@pytest.mark.usefixtures("alarm")
def test_fifo_that_takes_a_files_place_while_it_is_opened_is_refused_without_waiting(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bundle / MODEL).unlink()
    os.mkfifo(bundle / MODEL)
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    assert "has 0 bytes, but" in refusal(bundle)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 2}', b"\xff", b"[" * 100_000])
def test_damaged_manifest_is_refused(bundle: Path, content: bytes) -> None:
    (bundle / MANIFEST).write_bytes(content)
    assert MANIFEST in refusal(bundle)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"topics": []}, "topics: must have at least 2 elements"),
        ({"encoding": {"size": 0}}, "encoding.size: must be greater than 0"),
        ({"more": 1}, "more: is not a known field"),
    ],
)
def test_fault_of_the_manifest_is_named_with_its_place(bundle: Path, change: dict[str, object], sentence: str) -> None:
    change_manifest(bundle, **change)
    assert refusal(bundle) == f"{bundle / MANIFEST}: {sentence}; train the bundle again."


def test_manifest_that_is_no_object_has_its_fault_in_the_whole_file(bundle: Path) -> None:
    (bundle / MANIFEST).write_text("[]")
    assert refusal(bundle).startswith(f"{bundle / MANIFEST}: the whole file: ")


def test_file_that_cannot_be_read_is_refused_with_the_systems_reason(bundle: Path) -> None:
    (bundle / GOLDEN).unlink()
    assert refusal(bundle) == f"{bundle / GOLDEN}: cannot be read (No such file or directory); copy the bundle again."


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_golden_answer_that_is_no_number_is_refused(bundle: Path, number: float) -> None:
    golden = json.loads((bundle / GOLDEN).read_text())
    golden[1]["probabilities"][7] = number
    (bundle / GOLDEN).write_text(json.dumps(golden))
    seal(bundle)
    assert f"{GOLDEN}: 1.probabilities.7: must be a finite number" in refusal(bundle)


@pytest.mark.parametrize("name", FILES)
def test_file_that_the_manifest_does_not_list_is_refused(bundle: Path, name: str) -> None:
    files = json.loads((bundle / MANIFEST).read_text())["files"]
    del files[name]
    change_manifest(bundle, files=files)
    assert f"does not list {name}" in refusal(bundle)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname"])
def test_manifest_that_names_a_file_outside_is_refused(bundle: Path, name: str) -> None:
    (bundle.parent / "secret").write_text("x")
    files = json.loads((bundle / MANIFEST).read_text())["files"]
    change_manifest(bundle, files=files | {name: {"sha256": "0" * 64, "size": 1}})
    assert "not a regular file inside the bundle" in refusal(bundle)


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_symlink_out_of_the_folder_is_refused(bundle: Path, name: str) -> None:
    outside = (bundle / name).rename(bundle.parent / "outside")
    (bundle / name).symlink_to(outside)
    assert f"{name}: is not a regular file inside the bundle" in refusal(bundle)


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_symlink_to_itself_is_refused(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    (bundle / name).symlink_to(name)
    assert f"{name}: cannot be read (Too many levels of symbolic links)" in refusal(bundle)


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_gigabyte_file_is_refused_unread(bundle: Path, name: str) -> None:
    with (bundle / name).open("r+b") as file:
        file.truncate(2**30)  # sparse: costs no disk, but would cost memory if it were read
    message = refusal(bundle)
    assert name in message
    assert "more than the maximum of" in message


def test_largest_file_may_be_as_large_as_the_limit(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    largest = max((bundle / name).stat().st_size for name in FILES)
    monkeypatch.setattr("app.classifier.bundle.MAX_FILE_BYTES", largest)
    load_bundle(bundle)
    monkeypatch.setattr("app.classifier.bundle.MAX_FILE_BYTES", largest - 1)
    assert f"has {largest:,} bytes, more than the maximum of {largest - 1:,}" in refusal(bundle)


def test_file_of_more_than_64_mib_is_refused_before_it_is_read(bundle: Path) -> None:
    for size, refused in ((64 * 1024 * 1024, False), (64 * 1024 * 1024 + 1, True)):
        os.truncate(bundle / MANIFEST, size)  # a sparse file
        assert (f"has {size:,} bytes, more than the maximum of 67,108,864 for one file" in refusal(bundle)) is refused


@pytest.mark.parametrize("name", [MANIFEST, WORD_INDEX, GOLDEN])
def test_json_of_millions_of_values_is_refused_unparsed(bundle: Path, name: str) -> None:
    bomb = b'{"recipe": {"x": [' + b"[]," * 1_000_000 + b"[]]}}"
    (bundle / name).write_bytes(bomb)
    if name != MANIFEST:
        seal(bundle)
    tracemalloc.start()
    try:
        message = refusal(bundle)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert f"{name}: has 2,000,006 opening brackets, commas and colons, more than the maximum of 2,000,000" in message


def test_json_may_have_as_many_values_as_the_limit(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    largest = max(sum((bundle / name).read_bytes().count(one) for one in b"[{,:") for name in (*FILES[1:], MANIFEST))
    monkeypatch.setattr("app.classifier.bundle.MAX_JSON_SEPARATORS", largest)
    load_bundle(bundle)
    monkeypatch.setattr("app.classifier.bundle.MAX_JSON_SEPARATORS", largest - 1)
    assert f"has {largest:,} opening brackets" in refusal(bundle)


PROBABILITIES = [{"headline": "oil", "probabilities": [{}] * 1000}]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        (WORD_INDEX, {str(number): {} for number in range(1000)}),
        (GOLDEN, [{}] * 99),
        (GOLDEN, PROBABILITIES),
        (GOLDEN, [{"headline": "oil", "probabilities": [0.5]} | dict.fromkeys(map(str, range(1000)))]),
    ],
)
def test_errors_after_the_first_are_not_collected(bundle: Path, name: str, wrong: object) -> None:
    (bundle / name).write_text(json.dumps(wrong))
    seal(bundle)
    with pytest.raises(BundleError) as caught:
        load_bundle(bundle)
    assert isinstance(caught.value.__cause__, ValidationError)
    assert caught.value.__cause__.error_count() <= 2  # of one element


@pytest.mark.parametrize("runtime", ["numpy", "keras"])
def test_zip_bomb_in_the_model_is_refused_unpacked(bundle: Path, runtime: Runtime) -> None:
    if runtime == "keras":
        pytest.importorskip("keras")
    with zipfile.ZipFile(bundle / MODEL, "w", zipfile.ZIP_DEFLATED) as archive:
        for _ in range(20):  # so many that the offsets of the weights are inside the file
            archive.writestr(str(_), bytes(4 * 1024 * 1024))
    (bundle / MODEL).write_bytes((bundle / MODEL).read_bytes() + bytes(60_000))
    seal(bundle)
    with pytest.raises(BundleError, match="unpacks to" if runtime == "keras" else "golden headlines|NaN") as caught:
        load_classifier(bundle, runtime)
    assert str(bundle) in str(caught.value)


def seal_model(bundle: Path, layers: list[tuple[np.ndarray, np.ndarray, str]]) -> None:
    """Another model, with correct hashes and offsets."""
    (bundle / MODEL).write_bytes(keras_file(layers))
    network = dense_layers(bundle / MODEL)
    assert network is not None
    seal(bundle, network=[layer.model_dump() for layer in network])


def test_network_of_another_width_is_refused(bundle: Path) -> None:
    seal_model(bundle, [(np.zeros((SIZE - 1, 46), np.float32), np.zeros(46, np.float32), "softmax")])
    assert f"takes {SIZE - 1} words and gives 46 outputs" in refusal(bundle)


def test_network_with_another_number_of_topics_is_refused(bundle: Path) -> None:
    seal_model(bundle, [(np.zeros((SIZE, 45), np.float32), np.zeros(45, np.float32), "softmax")])
    assert "gives 45 outputs" in refusal(bundle)


def test_bias_of_another_width_than_its_kernel_is_refused(bundle: Path) -> None:
    seal_model(bundle, [(np.zeros((SIZE, 46), np.float32), np.zeros(45, np.float32), "softmax")])
    assert "have shapes (300, 46) and (45,)" in refusal(bundle)


def test_places_beyond_the_end_of_the_model_are_refused(bundle: Path) -> None:
    network = json.loads((bundle / MANIFEST).read_text())["network"]
    network[0]["kernel"]["offset"] = 10**9
    seal(bundle, network=network)
    assert "too short for the weights" in refusal(bundle)


def test_places_of_other_bytes_are_refused(bundle: Path) -> None:
    network = json.loads((bundle / MANIFEST).read_text())["network"]
    network[0]["kernel"]["offset"] += 4
    seal(bundle, network=network)
    assert "golden headlines" in refusal(bundle)


def test_model_without_softmax_at_its_end_is_refused(bundle: Path) -> None:
    network = json.loads((bundle / MANIFEST).read_text())["network"]
    network[-1]["activation"] = "linear"
    seal(bundle, network=network)
    assert "must be a softmax" in refusal(bundle)


def test_model_that_only_keras_can_run_is_refused_by_numpy(bundle: Path) -> None:
    seal(bundle, network=None)
    assert "TOPICS_RUNTIME=keras" in refusal(bundle)


def test_empty_model_is_refused(bundle: Path) -> None:
    (bundle / MODEL).write_bytes(b"")
    seal(bundle)
    assert MODEL in refusal(bundle)


@pytest.mark.parametrize("change", ["swap", "drop"])
def test_topics_out_of_order_or_missing_are_refused(bundle: Path, change: str) -> None:
    topics = json.loads((bundle / MANIFEST).read_text())["topics"]
    topics = topics[:-1] if change == "drop" else [topics[1], topics[0], *topics[2:]]
    seal(bundle, topics=topics)
    assert (
        "probabilities each" in refusal(bundle)
        if change == "drop"
        else "not in label order 0 to 45;" in refusal(bundle)
    )


def test_golden_answer_that_is_wrong_under_a_right_hash_is_refused(bundle: Path) -> None:
    golden = json.loads((bundle / GOLDEN).read_text())
    golden[0]["probabilities"][0] += 0.001
    (bundle / GOLDEN).write_text(json.dumps(golden))
    seal(bundle)
    assert "probabilities of golden headlines differ by 0.001 from" in refusal(bundle)


@pytest.mark.parametrize("golden", [[], [{"headline": "oil", "probabilities": [1.0]}], {"headline": "oil"}])
def test_golden_headlines_of_another_shape_are_refused(bundle: Path, golden: object) -> None:
    (bundle / GOLDEN).write_text(json.dumps(golden))
    seal(bundle)
    assert GOLDEN in refusal(bundle)


@pytest.mark.parametrize(
    ("times", "length", "sentence"),
    [
        (1_000, 1, "the whole file: must have at most 100 elements"),
        (1, 20_001, "0.headline: must have at most 20,000 characters"),
    ],
)
def test_more_golden_headlines_than_a_probe_can_classify_are_refused(
    bundle: Path, times: int, length: int, sentence: str
) -> None:
    golden = json.loads((bundle / GOLDEN).read_text())[:1]
    golden[0]["headline"] = golden[0]["headline"].ljust(length)
    (bundle / GOLDEN).write_text(json.dumps(golden * times))
    seal(bundle)
    assert refusal(bundle).endswith(f"{GOLDEN}: {sentence}; train the bundle again.")


@pytest.mark.parametrize("index", [["oil"], {"oil": "first"}, {"oil": 0}])
def test_word_index_of_another_kind_is_refused(bundle: Path, index: object) -> None:
    (bundle / WORD_INDEX).write_text(json.dumps(index))
    seal(bundle)
    assert WORD_INDEX in refusal(bundle)


def test_word_index_is_not_copied_while_it_is_read(bundle: Path) -> None:
    content = json.dumps({f"word{rank}": rank for rank in range(1, 50_001)})
    (bundle / WORD_INDEX).write_text(content)
    seal(bundle)
    tracemalloc.start()
    loaded = load_bundle(bundle)
    size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(loaded.word_index) == 50_000
    assert peak - size < 1.5 * len(content)


def test_rank_that_is_text_is_converted(bundle: Path) -> None:
    (bundle / WORD_INDEX).write_text('{"oil": "2", "wheat": 1}')
    seal(bundle)
    assert load_bundle(bundle).word_index == {"oil": 2, "wheat": 1}


def test_weights_that_are_not_numbers_are_refused(bundle: Path) -> None:
    kernel = np.zeros((SIZE, 46), np.float32)
    kernel[5, 5] = np.nan
    seal_model(bundle, [(kernel, np.zeros(46, np.float32), "softmax")])
    assert "NaN or infinity" in refusal(bundle)


UNUSABLE = {
    "description": ({"description": "\ud800"}, "is not valid JSON"),
    "recipe": ({"recipe": {"a": ["\udfff"]}}, "is not valid JSON"),
    "deep figures": ({"figures": json.loads('{"a":' * 300 + "1" + "}" * 300)}, "is not valid JSON"),
    "topic mix": ({"reference": {"topic_mix": [0.5]}}, "reference.topic_mix: must be an object"),
    "share": ({"reference": {"topic_mix": {"earn": -0.5}}}, "reference.topic_mix.earn: must be at least 0"),
    "ratio": ({"reference": {"unknown_word_ratio": None}}, "reference.unknown_word_ratio: must be a number"),
    "no number": ({"reference": {"outside_ratio": float("nan")}}, "reference.outside_ratio: must be a finite number"),
    "name of a file": ({"files": {"a\0b": {"sha256": "0" * 64, "size": 1}}}, r"files.a\x00b"),
}


@pytest.mark.parametrize(("changes", "says"), UNUSABLE.values(), ids=UNUSABLE)
def test_manifest_that_could_not_be_served_is_refused(bundle: Path, changes: dict[str, object], says: str) -> None:
    change_manifest(bundle, **changes)
    message = refusal(bundle)
    assert MANIFEST in message
    assert says in message


def test_two_topics_with_one_code_are_refused(bundle: Path) -> None:
    topics = json.loads((bundle / MANIFEST).read_text())["topics"]
    topics[1]["code"] = topics[0]["code"]
    change_manifest(bundle, topics=topics)
    assert f"two topics have the same code, {topics[0]['code']!r}" in refusal(bundle)


@pytest.mark.parametrize("layer", [0, -1])
def test_kernel_of_one_dimension_is_refused(bundle: Path, layer: int) -> None:
    network = json.loads((bundle / MANIFEST).read_text())["network"]
    network[layer]["kernel"]["shape"] = [5]
    change_manifest(bundle, network=network)
    assert "kernel and bias of a layer have shapes (5,)" in refusal(bundle)


def test_weights_with_both_infinities_are_refused_without_a_warning(bundle: Path) -> None:
    network = json.loads((bundle / MANIFEST).read_text())["network"]
    content = bytearray((bundle / MODEL).read_bytes())
    at = network[0]["kernel"]["offset"]
    content[at : at + 8] = np.array([np.inf, -np.inf], "<f4").tobytes()
    (bundle / MODEL).write_bytes(content)
    seal(bundle)
    assert "a weight is NaN or infinity" in refusal(bundle)


def test_model_card_that_is_not_utf_8_is_refused(bundle: Path) -> None:
    add_card(bundle, "Café".encode("latin-1"))
    assert f"{CARD}: is not UTF-8" in refusal(bundle)


def test_model_card_is_the_one_that_was_verified(bundle: Path) -> None:
    add_card(bundle, b"# Before")
    loaded = load_bundle(bundle)
    (bundle / CARD).unlink()
    assert loaded.card == "# Before"


def add_card(folder: Path, content: bytes) -> None:
    (folder / CARD).write_bytes(content)
    files = json.loads((folder / MANIFEST).read_text())["files"]
    change_manifest(folder, files=files | {CARD: {"sha256": "0" * 64, "size": 0}})
    seal(folder)
