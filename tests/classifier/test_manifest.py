"""Bounds and defaults of `manifest.json`."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from app.classifier.manifest import (
    Array,
    Calibration,
    DenseLayer,
    EncodingSpec,
    FileEntry,
    Manifest,
    MultiLabel,
    Outside,
    Topic,
    TopicSet,
)

ARRAY = {"offset": 0, "shape": [3, 2]}
GOOD: dict[type[BaseModel], dict[str, Any]] = {
    FileEntry: {"sha256": "0123456789abcdef" * 4, "size": 0},
    EncodingSpec: {"size": 10, "offset": 3, "start_id": 1, "rare_id": 2, "pairs": True, "repeats": True, "lead": 30},
    Array: ARRAY,
    DenseLayer: {"unit_length": True, "kernel": ARRAY, "bias": {"offset": 24, "shape": [2]}, "activation": "relu"},
    Topic: {"label": 0, "code": "x", "name": "X", "support": 0, "precision": 0.0, "recall": 1.0, "f1": 0.5},
    Calibration: {"intercept": 0.1, "gap_slope": 0.2, "unknown_slope": 0.3},
    Outside: {
        "intercept": 0.1,
        "score": 0.2,
        "confidence": 0.3,
        "unknown": 0.4,
        "threshold": 0.5,
        "lost": 0.6,
        "found": 0.7,
    },
    TopicSet: {"coverage": 0.9, "threshold": 0.1},
    MultiLabel: {"thresholds": [0.5, 1.0]},
    Manifest: {
        "format": 1,
        "name": "a",
        "version": "1",
        "topics": [{"label": i, "code": str(i), "name": str(i), "support": 1} for i in range(2)],
        "encoding": {},
        "files": {},
    },
}
MANY = {str(number): {} for number in range(1000)}
NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize("part", GOOD, ids=lambda part: part.__name__)
def test_good_part_is_taken_as_it_is(part: type[BaseModel]) -> None:
    one = part.model_validate(GOOD[part])
    for name, value in GOOD[part].items():
        if part is not Manifest and not isinstance(value, dict):
            found = getattr(one, name)
            assert (list(found) if isinstance(found, tuple) else found) == value


@pytest.mark.parametrize("part", GOOD, ids=lambda part: part.__name__)
def test_unknown_field_is_refused_and_nothing_can_be_changed(part: type[BaseModel]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        part.model_validate(GOOD[part] | {"more": 1})
    with pytest.raises(ValidationError) as caught:
        part.model_validate(dict.fromkeys(map(str, range(1000))) | GOOD[part])
    assert [(error["type"], error["loc"]) for error in caught.value.errors()] == [("extra_forbidden", ("0",))]
    one = part.model_validate(GOOD[part])
    name = next(iter(GOOD[part]))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(one, name, getattr(one, name))


AT_THE_BOUNDS: list[tuple[type[BaseModel], str, Any]] = [
    (EncodingSpec, "size", 1),
    (EncodingSpec, "offset", 0),
    *[(EncodingSpec, name, value) for name in ("start_id", "rare_id") for value in (0, None)],
    *[(EncodingSpec, "lead", value) for value in (1, None)],
    (Array, "shape", [1]),
    (Array, "shape", [1, 1]),
    *[(DenseLayer, "activation", value) for value in ("relu", "tanh", "linear", "softmax")],
    *[(Topic, name, value) for name in ("precision", "recall", "f1") for value in (0, 1, None)],
    *[(Calibration, name, value) for name in ("intercept", "gap_slope") for value in (-10, 10)],
    *[(Outside, name, value) for name in ("intercept", "score", "confidence", "unknown") for value in (-100, 100)],
    *[(Outside, "threshold", value) for value in (1e-9, 1)],
    *[(Outside, name, value) for name in ("lost", "found") for value in (0, 1, None)],
    *[(Manifest, "format", value) for value in (2, 3, 4, 5, 6)],
    *[(EncodingSpec, "pieces", value) for value in ([2, 2], [8, 8], [2, 8], None)],
    *[(TopicSet, "coverage", value) for value in (1e-9, 1 - 1e-9)],
    *[(TopicSet, "threshold", value) for value in (1e-9, 1)],
    *[(Manifest, name, value) for name in ("name", "version") for value in ("A", "9.z_-", "a" * 64)],
    *[(Manifest, name, None) for name in ("network", "calibration", "topic_set", "outside")],
]


@pytest.mark.parametrize(("part", "field", "value"), AT_THE_BOUNDS)
def test_value_at_the_bound_is_taken(part: type[BaseModel], field: str, value: object) -> None:
    part.model_validate(GOOD[part] | {field: value})


BEYOND_THE_BOUNDS: list[tuple[type[BaseModel], str, Any]] = [
    *[(FileEntry, "sha256", value) for value in ("", "0" * 63, "0" * 65, "g" * 64, "A" * 64, "0" * 64 + "\n", None)],
    *[(FileEntry, "size", value) for value in (-1, 0.5, None)],
    *[(EncodingSpec, "size", value) for value in (0, -1, 1.5, None, NAN)],
    *[(EncodingSpec, "offset", value) for value in (-1, None)],
    *[(EncodingSpec, name, value) for name in ("start_id", "rare_id") for value in (-1, 0.5)],
    *[(EncodingSpec, name, value) for name in ("pairs", "repeats") for value in (None, 2, "perhaps")],
    *[(EncodingSpec, "lead", value) for value in (0, -1)],
    *[(EncodingSpec, "split_unspaced", value) for value in (None, 2, "perhaps")],
    *[(EncodingSpec, name, value) for name in ("split_symbols", "split_marks") for value in (None, 2, "perhaps")],
    *[(EncodingSpec, "pieces", value) for value in ([1, 4], [2, 9], [2], [2, 3, 4], 2, True, [2.5, 3])],
    *[(Array, "offset", value) for value in (-1, None)],
    *[(Array, "shape", value) for value in ([], [1, 1, 1], [0], [2, 0], [-1, 2], 3, None)],
    *[(DenseLayer, "activation", value) for value in ("elu", "", None)],
    *[(DenseLayer, name, None) for name in ("unit_length", "kernel", "bias")],
    *[(Topic, "label", value) for value in (-1, 0.5, None)],
    *[(Topic, name, value) for name in ("code", "name") for value in ("", None, 7)],
    *[(Topic, "support", value) for value in (-1, None)],
    *[(Topic, name, value) for name in ("precision", "recall", "f1") for value in (-0.01, 1.01, 2, NAN, INFINITY)],
    *[(Calibration, name, value) for name in ("intercept", "gap_slope") for value in (-10.1, 10.1, NAN, None)],
    *[(Calibration, "unknown_slope", value) for value in (-10.1, 10.1, NAN, None)],
    *[
        (Outside, name, value)
        for name in ("intercept", "score", "confidence", "unknown")
        for value in (-100.1, 100.1, NAN, None)
    ],
    *[(Outside, "threshold", value) for value in (0, 1.01, -1, NAN, None)],
    *[(Outside, name, value) for name in ("lost", "found") for value in (-0.01, 1.01, NAN)],
    *[(TopicSet, "coverage", value) for value in (0, 1, -1, NAN, None)],
    *[(TopicSet, "threshold", value) for value in (0, 1.01, -1, NAN, None)],
    *[(MultiLabel, "thresholds", value) for value in ([0.0, 0.5], [1.01], [NAN], [None], 0.5, None)],
    *[(Manifest, "format", value) for value in (0, 7, "1", True, 1.0, None)],
    *[
        (Manifest, name, value)
        for name in ("name", "version")
        for value in ("", ".a", "-a", "_a", "a/b", "a b", "é", "a" * 65, "a\n", None)
    ],
    *[(Manifest, "topics", value) for value in ([], GOOD[Manifest]["topics"][:1], None)],
    *[(Manifest, name, None) for name in ("encoding", "files", "recipe", "data", "libraries", "figures", "reference")],
    (Manifest, "libraries", {"keras": 3}),
    (Manifest, "description", None),
    (Manifest, "network", [{}]),
]


@pytest.mark.parametrize(("part", "field", "value"), BEYOND_THE_BOUNDS)
def test_value_beyond_the_bound_is_refused(part: type[BaseModel], field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        part.model_validate(GOOD[part] | {field: value})
    assert {one["loc"][0] for one in refused.value.errors()} == {field}


@pytest.mark.parametrize(
    ("part", "required"),
    [
        (FileEntry, {"sha256", "size"}),
        (EncodingSpec, set()),
        (Array, {"offset", "shape"}),
        (DenseLayer, {"kernel", "bias", "activation"}),
        (Topic, {"label", "code", "name", "support"}),
        (Calibration, {"intercept"}),
        (TopicSet, {"coverage", "threshold"}),
        (Outside, {"intercept", "score", "threshold"}),
        (Manifest, {"name", "version", "encoding", "topics", "files"}),
    ],
)
def test_field_without_a_default_is_required(part: type[BaseModel], required: set[str]) -> None:
    with pytest.raises(ValidationError) if required else pytest.MonkeyPatch.context() as refused:
        part.model_validate({})
    missing = refused.value.errors() if required else []
    assert {one["loc"][0] for one in missing if one["type"] == "missing"} == required


def test_defaults_are_those_of_keras_and_of_a_model_of_which_nothing_more_is_known() -> None:
    spec = EncodingSpec()
    assert (spec.size, spec.offset, spec.start_id, spec.rare_id) == (10_000, 3, 1, 2)
    assert (spec.pairs, spec.repeats, spec.lead) == (False, False, None)
    assert (spec.split_unspaced, spec.split_symbols, spec.split_marks, spec.pieces) == (False, False, False, None)
    assert (Calibration(intercept=0).gap_slope, Calibration(intercept=0).unknown_slope) == (0, 0)
    outside = Outside(intercept=0, score=1, threshold=0.5)
    assert (outside.confidence, outside.unknown, outside.lost, outside.found) == (0, 0, None, None)
    assert DenseLayer.model_validate(GOOD[DenseLayer] | {"unit_length": False}).unit_length is False
    assert DenseLayer(kernel=Array(**ARRAY), bias=Array(**ARRAY), activation="relu").unit_length is False
    topic = Topic(label=0, code="x", name="X", support=1)
    assert (topic.precision, topic.recall, topic.f1) == (None, None, None)
    bare = Manifest.model_validate({key: value for key, value in GOOD[Manifest].items() if key != "format"})
    assert (bare.format, bare.description) == (1, "")
    assert (bare.network, bare.calibration, bare.topic_set, bare.outside) == (None, None, None, None)
    assert (bare.units, bare.min_format) == (2, 1)
    assert (bare.recipe, bare.data, bare.libraries, bare.figures, bare.reference) == ({}, {}, {}, {}, {})


@pytest.mark.parametrize(
    ("part", "least"),
    [
        ({"outside": {"intercept": 0, "score": 1, "threshold": 0.5}}, 2),
        ({"calibration": {"intercept": 0, "unknown_slope": 0.1}}, 2),
        ({"encoding": {"references": "html"}}, 2),
        ({"encoding": {"split_unspaced": True}}, 3),
        ({"encoding": {"pieces": [2, 4]}}, 3),
        ({"encoding": {"references": "html", "pieces": [3, 3]}}, 3),
        ({"multi_label": {"thresholds": [0.5, 0.25]}}, 4),
        ({"encoding": {"split_symbols": True}}, 5),
        ({"encoding": {"split_marks": True}}, 6),
        ({"encoding": {"split_symbols": True}, "multi_label": {"thresholds": [0.5, 0.25]}}, 5),
    ],
)
def test_what_an_older_release_would_misread_needs_a_newer_format(part: dict[str, Any], least: int) -> None:
    for older in range(1, least):
        with pytest.raises(ValidationError, match=f"needs format {least} for .*, not {older}"):
            Manifest.model_validate(GOOD[Manifest] | part | {"format": older})
    manifest = Manifest.model_validate(GOOD[Manifest] | part | {"format": least})
    assert manifest.min_format == least
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


def test_greatest_size_of_pieces_is_not_below_the_least() -> None:
    with pytest.raises(ValidationError, match="the least number of characters first"):
        EncodingSpec(pieces=(4, 2))


def test_network_has_a_unit_more_than_topics_for_the_outside_class() -> None:
    outside = Outside(intercept=0, score=1, threshold=0.5)
    assert Manifest.model_validate(GOOD[Manifest] | {"format": 2, "outside": outside}).units == 3


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ({"topic_set": GOOD[TopicSet]}, "excludes `calibration`, `topic_set` and `outside`"),
        ({"calibration": GOOD[Calibration]}, "excludes `calibration`, `topic_set` and `outside`"),
        ({"outside": GOOD[Outside]}, "excludes `calibration`, `topic_set` and `outside`"),
        ({"multi_label": {"thresholds": [0.5]}}, "one threshold for each topic"),
        ({"multi_label": {"thresholds": [0.5] * 3}}, "one threshold for each topic"),
    ],
)
def test_several_labels_have_thresholds_of_their_own_and_nothing_for_one_label(
    part: dict[str, Any], wrong: str
) -> None:
    several = GOOD[Manifest] | {"format": 4, "multi_label": {"thresholds": [0.5, 0.25]}}
    assert Manifest.model_validate(several).output == "sigmoid"
    with pytest.raises(ValidationError, match=wrong):
        Manifest.model_validate(several | part)


@pytest.mark.parametrize("field", ["code", "name"])
@pytest.mark.parametrize("character", ["\n", "\x1b", "\x9b", "\u2028"])
def test_topic_with_a_control_character_is_refused(field: str, character: str) -> None:
    with pytest.raises(ValidationError, match="must have no line break and no control character"):
        Topic.model_validate(GOOD[Topic] | {field: f"a{character}b"})
    Topic.model_validate(GOOD[Topic] | {field: "=1+1 \u0627\u200f 환율"})


@pytest.mark.parametrize("field", ["title", "description"])
@pytest.mark.parametrize("character", ["\n", "\x1b"])
def test_manifest_with_a_control_character_in_its_title_or_description_is_refused(field: str, character: str) -> None:
    with pytest.raises(ValidationError, match=f"{field}\n +[^\n]*must have no line break and no control character"):
        Manifest.model_validate(GOOD[Manifest] | {field: f"a{character}b"})
    Manifest.model_validate(GOOD[Manifest] | {field: ""})


@pytest.mark.parametrize(
    "wrong",
    [
        {"topics": [{}] * 1000},
        {"network": [{}] * 99},
        {"network": [{"kernel": {"offset": 0, "shape": [{}] * 1000}}]},
        {"multi_label": {"thresholds": [{}] * 1000}},
        {"files": MANY},
        {"libraries": MANY},
        {"reference": {"topic_mix": MANY}},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_errors_of_elements_after_the_first_are_not_collected(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Manifest.model_validate(GOOD[Manifest] | wrong)
    assert caught.value.error_count() < 10


@pytest.mark.parametrize(("field", "limit"), [("files", 100), ("network", 100)])
def test_number_of_files_and_layers_is_limited(field: str, limit: int) -> None:
    one = GOOD[FileEntry if field == "files" else DenseLayer]

    def manifest(number: int) -> dict[str, Any]:
        many: Any = [one] * number if field == "network" else {str(index): one for index in range(number)}
        return GOOD[Manifest] | {field: many}

    assert len(getattr(Manifest.model_validate(manifest(limit)), field)) == limit
    with pytest.raises(ValidationError, match=f"at most {limit} items"):
        Manifest.model_validate(manifest(limit + 1))
