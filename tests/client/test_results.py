"""How results are read from JSON."""

from typing import Any

import pytest
from topics_client.results import Answer, Model, ModelInfo, Prediction, TopicSkill, WordEffect, Words, read

MODEL = {"name": "tiny", "version": "1"}
PREDICTION = {"topic": "gold", "name": "Gold", "label": 25, "probability": 0.75}
WORDS = {"known": 1, "rare": 2, "unknown": ["qqq", "zzyzx"]}
EFFECT = {"word": "gold", "start": 0, "end": 4, "status": "known", "effect": -1}
ANSWER: dict[str, Any] = {"predictions": [PREDICTION], "words": WORDS, "abstained": None, "model": MODEL}


def test_answer_holds_what_the_service_says() -> None:
    whole = ANSWER | {
        "abstained": "low_confidence",
        "topic_set": ["gold", "silver"],
        "explanation": {"topic": "gold", "words": [EFFECT, EFFECT]},
    }
    answer = read(Answer, whole)
    assert answer.predictions == (Prediction("gold", "Gold", 25, 0.75),)
    assert answer.words == Words(known=1, rare=2, unknown=("qqq", "zzyzx"))
    assert (answer.abstained, answer.topic_set) == ("low_confidence", ("gold", "silver"))
    assert answer.model == Model("tiny", "1")
    assert answer.explanation is not None
    assert answer.explanation.topic == "gold"
    assert answer.explanation.words == (WordEffect("gold", 0, 4, "known", -1),) * 2


def test_best_is_the_first_prediction_if_there_is_one() -> None:
    second = PREDICTION | {"topic": "silver"}
    best = read(Answer, ANSWER | {"predictions": [PREDICTION, second]}).best
    assert best == Prediction("gold", "Gold", 25, 0.75)
    assert read(Answer, ANSWER | {"predictions": []}).best is None


def test_outside_answer_has_no_best_topic_but_keeps_its_predictions() -> None:
    answer = read(Answer, ANSWER | {"outside": 0.93, "abstained": "outside"})
    assert (answer.outside, answer.best, len(answer.predictions)) == (0.93, None, 1)
    inside = read(Answer, ANSWER | {"outside": 0.03})
    assert inside.outside == 0.03
    assert inside.best == Prediction("gold", "Gold", 25, 0.75)
    assert read(Answer, ANSWER | {"outside": None}).outside is None


def test_explanation_of_the_outside_class_has_no_topic() -> None:
    answer = read(Answer, ANSWER | {"explanation": {"topic": None, "words": [EFFECT]}})
    assert answer.explanation is not None
    assert answer.explanation.topic is None


def test_fields_with_a_default_may_be_left_out() -> None:
    answer = read(Answer, ANSWER)
    assert (answer.topic_set, answer.explanation, answer.outside) == (None, None, None)
    skill = read(TopicSkill, {"label": 1, "topic": "grain", "name": "Grain", "support": 9, "recall": None})
    assert skill == TopicSkill(1, "grain", "Grain", 9, None, None, None)


def test_fields_that_are_made_need_not_be_there_and_win() -> None:
    raw = {"name": "tiny", "version": "1", "digest": "d", "description": "s", "manifest": 3}
    assert read(ModelInfo, raw, manifest={"a": 1}).manifest == {"a": 1}
    assert (
        read(Answer, {name: ANSWER[name] for name in ANSWER if name != "model"}, model=Model("a", "2")).model.name
        == "a"
    )


def test_manifest_is_left_out_of_the_representation() -> None:
    info = ModelInfo("tiny", "1", "d", "s", {"a": 1})
    assert repr(info) == "ModelInfo(name='tiny', version='1', digest='d', description='s')"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ([], "Answer: expected an object, not list"),
        ({"words": WORDS}, "Answer.predictions: missing"),
        (ANSWER | {"predictions": {}}, "Answer.predictions: expected list, not dict"),
        (ANSWER | {"predictions": [3]}, "Answer.predictions: Prediction: expected an object, not int"),
        (
            ANSWER | {"predictions": [PREDICTION | {"label": "1"}]},
            "Answer.predictions: Prediction.label: expected int, not str",
        ),
        (
            ANSWER | {"predictions": [PREDICTION | {"probability": True}]},
            "Answer.predictions: Prediction.probability: expected float, not bool",
        ),
        (ANSWER | {"words": WORDS | {"known": True}}, "Answer.words: Words.known: expected int, not bool"),
        (ANSWER | {"words": WORDS | {"known": 1.0}}, "Answer.words: Words.known: expected int, not float"),
        (ANSWER | {"topic_set": [1]}, "Answer.topic_set: expected str, not int"),
        (ANSWER | {"abstained": 0}, "Answer.abstained: expected str, not int"),
    ],
)
def test_invalid_answer_is_reported_with_its_path(wrong: object, told: str) -> None:
    with pytest.raises(ValueError, match=r"^Answer") as caught:
        read(Answer, wrong)
    assert str(caught.value) == told


def test_number_without_a_point_is_a_probability() -> None:
    assert read(Prediction, PREDICTION | {"probability": 1}).probability == 1
