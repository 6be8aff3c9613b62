"""What loading logs."""

import gc
import logging
import shutil
import sys
from pathlib import Path

import pytest

from app.classifier import BundleError
from app.serving import loading
from app.settings import load_settings
from tests import any_bundles
from tests.tiny_bundle import write_any_bundle

APART = (
    "two bundles are called news/1, with the digests {} and {}: answers, metrics and the comparison with the shadow do"
    " not tell them apart; give each bundle a version of its own"
)


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_digests", {})
    monkeypatch.setattr(gc, "freeze", lambda: None)


def news(folder: Path, topics: int, version: str = "1") -> Path:
    return write_any_bundle(folder, any_bundles.numbered(topics), "news", version)


def prepared(caplog: pytest.LogCaptureFixture, **settings: Path) -> list[str]:
    """Digests of the bundles that are loaded, and the warnings."""
    caplog.clear()
    with caplog.at_level(logging.INFO, loading.__name__):
        loading.prepare(load_settings(**settings))
    events = [record.getMessage() for record in caplog.records]
    return [event.rpartition(" ")[2] if event.startswith("loaded news/") else event for event in events]


@pytest.mark.parametrize("kind", ["model", "shadow"])
def test_bundle_that_was_changed_in_place_is_a_warning_once(
    kind: str, tmp_path: Path, tiny_bundle: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = news(tmp_path / "1", 2)
    settings = {"model": tiny_bundle} | {kind: bundle}
    first = prepared(caplog, **settings)[-1]
    assert prepared(caplog, **settings)[-1] == first
    shutil.rmtree(bundle)
    news(bundle, 3)
    *_, second, warning = prepared(caplog, **settings)
    assert warning == APART.format(first, second)
    assert prepared(caplog, **settings)[-1] == second


def test_shadow_and_model_of_one_name_are_a_warning_unless_they_are_the_same_bundle(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle, other = news(tmp_path / "a", 2), news(tmp_path / "b", 3)
    digest, again = prepared(caplog, model=bundle, shadow=bundle)
    assert digest == again
    _, second, warning = prepared(caplog, model=bundle, shadow=other)
    assert warning == APART.format(digest, second)


def test_bundle_that_is_refused_is_no_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise BundleError("golden.json: other probabilities")

    bundle, other = news(tmp_path / "a", 2), news(tmp_path / "b", 3)
    first = prepared(caplog, model=bundle)
    with monkeypatch.context() as patch:
        patch.setattr(loading, "build_classifiers", refuse)
        with pytest.raises(BundleError):
            prepared(caplog, model=other)
    assert not caplog.records
    assert prepared(caplog, model=bundle) == first


def test_new_version_is_no_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = prepared(caplog, model=news(tmp_path / "1", 2))
    second = prepared(caplog, model=news(tmp_path / "2", 2, "2"))
    assert [len(first), len(second)] == [1, 1]
    assert first != second


@pytest.mark.parametrize("workers", [1, 2])
def test_service_without_keras_is_refused_before_workers_are_forked(
    workers: int, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line prints the error of `prepare` on stderr and exits with status 1; uvicorn would log it, and 3."""
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(BundleError, match="needs TensorFlow"):
        loading.prepare(load_settings(model=tiny_bundle, runtime="keras", workers=workers))
