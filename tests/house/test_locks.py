"""The lock files contain the dependencies of pyproject.toml; `make lock` writes them."""

import re
import tomllib

import pytest

from tests.server import ROOT

NAME = re.compile(r"^([A-Za-z0-9._-]+)")


def pins(lock: str) -> dict[str, str]:
    """Version by package."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE))


def asked_for(*extras: str) -> set[str]:
    """Names in pyproject.toml, without the project's own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    names = {NAME.match(line)[1].lower().replace("_", "-") for line in lines}
    return names - {project["name"]}


@pytest.mark.parametrize(
    ("lock", "extras"), [("serve", ()), ("train", ("train",)), ("otel", ("otel",)), ("dev", ("train", "dev"))]
)
def test_lock_pins_everything_that_pyproject_asks_for(lock: str, extras: tuple[str, ...]):
    assert asked_for(*extras) - pins(lock).keys() == set(), "run make lock"


@pytest.mark.parametrize("lock", ["serve", "train", "otel"])
def test_what_ships_is_what_was_tested(lock: str):
    assert pins(lock).items() <= pins("dev").items()


@pytest.mark.parametrize("lock", ["serve", "train", "otel", "dev"])
def test_every_pin_has_a_hash(lock: str):
    text = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    assert [block for block in blocks if "==" in block and "--hash=sha256:" not in block] == []


def test_serving_needs_neither_tensorflow_nor_ray():
    assert (
        pins("serve")
        .keys()
        .isdisjoint({"tensorflow", "keras", "scikit-learn", "matplotlib", "scipy", "ray", "pyarrow"})
    )
