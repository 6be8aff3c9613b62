"""`fit` on texts from several columns, from the file to the bundle, with a small network."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.classifier.networks.dense_network import Dense
from tests.tiny_bundle import keras_file
from training.cli import cli
from training.fit import publish, train
from training.fit.sizes import recipe_for
from training.headlines.recipe import Recipe


def small(count: int, units: int) -> Recipe:
    return replace(recipe_for(count, units), networks=1, hidden=8, epochs=4, batch_size=16)


def save(layers: Sequence[Dense], path: Path, output: str) -> None:  # as Keras would, without importing it
    weights = [(one.kernel, one.bias, one.activation) for one in layers]
    path.write_bytes(keras_file([*weights[:-1], (*weights[-1][:2], output)], unit_length=True))


def fit(folder: Path, target: Path, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "recipe_for", small)
        patch.setattr(publish, "save_stack", save)
        patch.setattr("training.cli.labelled.ensure_tensorflow", lambda: None)
        done = CliRunner().invoke(
            cli, ["fit", *arguments, str(folder / "rows.csv"), "--label", "queue", "--output", str(target)]
        )
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fit")
    rows = [
        f"{queue}{number % 6} number {number},{queue}{number % 5} text|part,{queue}"
        for number in range(60)
        for queue in ("food", "rain")
    ]
    (folder / "rows.csv").write_text("\n".join(["subject,text|part,queue", *rows]))
    (folder / "new.csv").write_text("subject,text|part\nfood1 new,rain2 others\n,sport3 of the\n")
    return folder


def test_bundle_says_from_which_columns_its_texts_were_made(folder: Path) -> None:
    target = folder / "models" / "several" / "1"
    fit(folder, target, "--text", "subject", "--text", "text|part", "--unlabelled", str(folder / "new.csv"))
    manifest, card = json.loads((target / "manifest.json").read_text()), (target / "README.md").read_text()
    assert manifest["data"]["text_columns"] == ["subject", "text|part"]
    assert (
        "\n| texts | the columns subject and text\\|part, joined by one space in this order, without empty ones;"
        in card
    )
    assert "food0 number 0 food0 text|part" in (target / "data.html").read_text()
    assert target.with_name("1.suspects.csv").read_text().startswith("text,label,likelier_label,")
    header, *lines = target.with_name("1.to_label.csv").read_text().splitlines()
    assert header.startswith("subject,text|part,queue,guess,")
    assert sorted(line.split(",")[:3] for line in lines) == [
        ["food1 new rain2 others", "", ""],
        ["sport3 of the", "", ""],
    ]
    written = (target / "README.md").read_bytes()
    assert CliRunner().invoke(cli, ["card", str(target)]).exit_code == 0
    assert (target / "README.md").read_bytes() == written


@pytest.mark.parametrize("text", [("subject", "text|part"), ("subject",)])
def test_given_columns_count_and_not_those_of_corrections_before_them(
    folder: Path, tmp_path: Path, text: tuple[str, ...]
) -> None:
    corrections, target = tmp_path / "corrections.csv", tmp_path / "models" / "1"
    corrections.write_text("text,label,model,probability\nfood3 and food4,food,news/1,0.2\n")
    options = [option for name in text for option in ("--text", name)]
    fit(folder, target, str(corrections), *options, "--unlabelled", str(folder / "new.csv"))
    data = json.loads((target / "manifest.json").read_text())["data"]
    assert data.get("text_columns", ["subject"]) == [*text]
    assert target.with_name("1.to_label.csv").read_text().startswith(f"{','.join(text)},queue,guess,")


def test_bundle_of_one_column_does_not_name_it(folder: Path) -> None:
    target = folder / "models" / "one" / "1"
    fit(folder, target, "--text", "subject")
    assert "text_columns" not in json.loads((target / "manifest.json").read_text())["data"]
    assert "| texts |" not in (target / "README.md").read_text()
