import sys

import pytest

from training.tensorflow_import import ensure_tensorflow


def test_installed_tensorflow_passes_without_an_import(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tensorflow", "keras"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    ensure_tensorflow()
    assert {"tensorflow", "keras"}.isdisjoint(sys.modules)


@pytest.mark.parametrize("name", ["tensorflow", "keras"])
def test_missing_package_is_named_before_anything_is_learned(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)  # as an import would find it if it were not installed
    with pytest.raises(ModuleNotFoundError, match=f"No module named '{name}'") as caught:
        ensure_tensorflow()
    assert caught.value.name == name
