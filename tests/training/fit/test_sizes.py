from contextlib import nullcontext
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from app.classifier.bundle import MAX_FILE_BYTES, separators
from app.classifier.manifest import Manifest, MultiLabel, Topic
from training.errors import LabelsError
from training.fit import sizes
from training.fit.sizes import (
    MAX_PAIRS,
    MAX_PIECES,
    MAX_WIDTH_OF_FEW,
    MAX_WORDS,
    ensure_labels_fit,
    penalty_for,
    recipe_for,
    seconds_to_fit,
    widened,
)
from training.headlines.clusters.cluster_list import load_clusters
from training.headlines.recipe import Recipe

CLUSTERS = len(load_clusters())


@given(st.integers(2, 5_000_000), st.integers(2, 10_000))
def test_model_fits_into_a_file_with_as_many_units_as_labels_up_to_a_limit(rows: int, units: int) -> None:
    recipe = recipe_for(rows, units)
    assert recipe.width >= min(units, 160 if units <= 400 else 320)
    assert model_bytes(recipe, units) < MAX_FILE_BYTES - 1_000_000
    assert recipe.words <= recipe.features


@given(st.integers(2, 5_000_000), st.integers(2, 400))
def test_model_of_400_labels_leaves_room_for_a_word_index_in_30_megabytes(rows: int, units: int) -> None:
    assert model_bytes(recipe_for(rows, units), units) < 25_500_000


@given(st.integers(2, 5_000_000), st.integers(2, 10_000))
def test_clusters_fit_in_as_well(rows: int, units: int) -> None:
    recipe = recipe_for(rows, units)
    for one in (recipe, widened(recipe, units)):
        clustered = replace(one, features=one.features + CLUSTERS)
        assert model_bytes(clustered, units) < (27_500_000 if units <= 400 else MAX_FILE_BYTES - 1_000_000)


def model_bytes(recipe: Recipe, units: int) -> int:
    """Bytes of the kernels."""
    size, inside = recipe.features + recipe.pieces + 1, min(units, recipe.width) + recipe.networks * recipe.hidden
    return 4 * (size * recipe.width + recipe.width * inside + inside * units)


@pytest.mark.parametrize(
    ("rows", "labels", "words", "measured"),
    [
        *((222, 5, 9, 6), (720, 7, 9, 28), (1_000, 200, 9, 61), (6_048, 4, 9, 75), (9_000, 77, 9, 48)),
        *((1_496, 20, 253, 455), (14_190, 18, 1, 49), (2_862, 2, 14, 48), (6_269, 6, 8, 143), (7_806, 3, 11, 41)),
        *((8_541, 5, 17, 121), (8_000, 2, 22, 61), (7_999, 2, 15, 103), (29_365, 41, 9, 260), (111_542, 45, 12, 437)),
    ],
)
def test_estimated_time_is_that_measured_within_a_factor_of_two(
    rows: int, labels: int, words: int, measured: float
) -> None:
    assert measured / 2 < seconds_to_fit(rows, labels, words) < 2 * measured


def test_svms_that_learn_from_samples_of_the_rows_take_no_longer_with_more_labels() -> None:
    times = [seconds_to_fit(200_000, labels, 12) for labels in (20, 25, 50)]
    assert times[0] < times[1] == times[2]


def test_few_labels_have_the_whole_vocabulary() -> None:
    recipe = recipe_for(45_000, 7)
    assert (recipe.words, recipe.features, recipe.pieces) == (MAX_WORDS, MAX_WORDS + MAX_PAIRS, MAX_PIECES)
    assert (recipe.networks, recipe.epochs) == (2, 8)
    assert (recipe_for(800, 7).networks, recipe_for(800, 7).epochs) == (4, 16)
    assert recipe_for(30_000, 7).networks == 4


@pytest.mark.parametrize(("labels", "width"), [(7, 32), (20, 32), (41, 64), (77, 96), (150, 160), (306, 160)])
def test_first_layer_is_a_fifth_wider_than_labels_in_sixteens(labels: int, width: int) -> None:
    assert recipe_for(15_000, labels).width == width


@pytest.mark.parametrize(("labels", "width"), [(7, 32), (77, 96), (150, 160), (284, 288), (900, MAX_WIDTH_OF_FEW)])
def test_with_few_rows_the_first_layer_has_as_many_units_as_labels_up_to_a_limit(labels: int, width: int) -> None:
    assert widened(recipe_for(2_000, labels), labels).width == width


@given(st.integers(2, 3_000))
def test_wider_layer_fits_into_the_same_size(units: int) -> None:
    recipe = widened(recipe_for(7_000, units), units)
    assert model_bytes(recipe, units) < (25_500_000 if units <= 400 else MAX_FILE_BYTES - 1_000_000)
    assert recipe.pieces > 4_000


def test_layer_is_not_widened_if_too_few_features_would_be_left() -> None:
    recipe = recipe_for(19_000, 17_000)
    assert widened(recipe, 17_000) == recipe


def test_svm_of_many_rows_has_a_lower_c_unless_rows_have_several_labels() -> None:
    assert penalty_for(45_000, multi_label=False) == (0.5, 0.0)
    assert penalty_for(15_000, multi_label=False) == (1.0, 0.0)
    assert penalty_for(45_000, multi_label=True) == (1.0, 1.0)


def test_labels_that_no_bundle_can_hold_are_refused() -> None:
    with pytest.raises(LabelsError, match="50,000 labels need a model of more than 64 MiB"):
        recipe_for(100_000, 50_000)


@pytest.mark.parametrize(("label", "refused"), [("a" + 18 * ",", False), ("a" + 19 * ":", True)])
def test_labels_with_more_commas_than_a_manifest_may_have_are_refused(label: str, refused: bool) -> None:
    labels = [f"{label}{number}" for number in range(20_800)]
    with pytest.raises(LabelsError, match="20,800 labels with 395,200 opening") if refused else nullcontext():
        ensure_labels_fit(labels)


@pytest.mark.parametrize(("label", "refused"), [(181 * "\U0001f600", False), (182 * "\U0001f600", True)])
def test_labels_that_need_a_larger_manifest_than_a_bundle_may_have_are_refused(label: str, refused: bool) -> None:
    labels = [f"{label}{number:05}" for number in range(20_800)]
    with pytest.raises(LabelsError, match="20,800 labels with 15,288,000 bytes") if refused else nullcontext():
        ensure_labels_fit(labels)


def test_copies_separators_and_bytes_of_a_label_in_the_manifest_are_those_that_are_counted() -> None:
    def written(labels: list[str]) -> bytes:
        share = 0.8571428571428571
        topics = [
            Topic(label=20_000 + i, code=one, name=one, support=5_000_000, precision=share, recall=share, f1=share)
            for i, one in enumerate(labels)
        ]
        manifest = Manifest.model_construct(
            topics=tuple(topics),
            reference={"topic_mix": dict.fromkeys(labels, 0.123456)},
            multi_label=MultiLabel(thresholds=tuple([share] * len(labels))),
            data={"test_rows_by_label": dict.fromkeys(labels, 5_000_000)},
        )
        return manifest.model_dump_json(indent=1, exclude={"encoding", "files"}).encode()

    label = 'c,:"'
    more, fewer = written(["a", "b", label]), written(["a", "b"])
    assert more.count(to_json(label)) == sizes._LABEL_COPIES
    assert separators(more) - separators(fewer) == sizes._LABEL_SEPARATORS + sizes._LABEL_COPIES * 2
    of_label = len(more) - len(fewer) - sizes._LABEL_COPIES * len(to_json(label))
    assert 0.9 * sizes._LABEL_BYTES < of_label <= sizes._LABEL_BYTES
