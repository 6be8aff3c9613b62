from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier import Explainer, TextTooLongError, TopicClassifier, UnknownTopicError, explain, load_classifier
from app.classifier.explanation import IDS_AT_ONCE, MAX_WORDS, WORDS_AT_ONCE
from tests.tiny_bundle import write_outside_bundle, write_sets_bundle

words = st.lists(
    st.sampled_from(["oil", "OPEC", "wheat", "the", "brent", "zimbabwe", "profit"]), min_size=1, max_size=9
)


@pytest.fixture(scope="module")
def classifier(tiny_bundle: Path) -> TopicClassifier:
    return load_classifier(tiny_bundle)


@given(words)
def test_effect_is_what_the_topic_loses_without_the_word(classifier: TopicClassifier, some: list[str]) -> None:
    def probability(text: str) -> float:
        return float(classifier.probabilities([classifier.encoder.encode(text)])[0, label])

    label = classifier.label("crude")
    explanation = explain(classifier, " ".join(some), "crude")
    whole = probability(" ".join(some))
    for place, effect in enumerate(explanation.words):
        without = probability(" ".join(some[:place] + some[place + 1 :]))
        assert effect.effect == pytest.approx(whole - without, abs=1e-5)


@given(words)
def test_unknown_word_has_no_effect(classifier: TopicClassifier, some: list[str]) -> None:
    for word in explain(classifier, " ".join(some)).words:
        if word.status == "unknown":
            assert word.effect == pytest.approx(0, abs=1e-6)


def test_words_stand_where_the_text_has_them(classifier: TopicClassifier) -> None:
    text = "  Oil, said OPEC: brent"
    explanation = explain(classifier, text)
    assert [text[word.start : word.end] for word in explanation.words] == ["Oil", "said", "OPEC", "brent"]
    assert [word.status for word in explanation.words] == ["known", "known", "known", "unknown"]
    assert explanation.label == classifier.label("crude")
    assert explanation.words[0].effect > 0


def test_topic_that_the_model_lacks_is_refused(classifier: TopicClassifier) -> None:
    with pytest.raises(UnknownTopicError):
        explain(classifier, "oil", "sports")


def test_more_words_than_an_explanation_covers_are_refused(classifier: TopicClassifier) -> None:
    assert len(explain(classifier, "oil " * MAX_WORDS).words) == MAX_WORDS
    with pytest.raises(TextTooLongError, match=f"{MAX_WORDS} words at most"):
        explain(classifier, "oil " * (MAX_WORDS + 1))


def test_text_without_words_has_an_empty_explanation(classifier: TopicClassifier, tmp_path: Path) -> None:
    without_start_id = load_classifier(write_sets_bundle(tmp_path / "bundle"))
    assert explain(classifier, " ... ").words == explain(without_start_id, " ... ").words == []


def explainer_of(classifier: TopicClassifier, text: str) -> Explainer:
    return Explainer(classifier, text, classifier.classify([text])[0])


def test_parts_of_long_texts_have_few_words_and_cover_all(classifier: TopicClassifier) -> None:
    for words in (0, 1, 10, 145, MAX_WORDS):
        parts = explainer_of(classifier, "oil " * words).parts
        assert [place for part in parts for place in part] == list(range(words))
        assert all(len(part) <= WORDS_AT_ONCE for part in parts)
    assert len(parts) == 2


def test_words_that_change_nothing_have_an_effect_of_exactly_0(classifier: TopicClassifier) -> None:
    effects = [one.effect for one in explain(classifier, "oil oil prices " + "brent " * 99, "crude").words]
    assert effects[:2] + effects[3:] == [0.0] * 101
    assert effects[2] != 0


@pytest.fixture(scope="module")
def with_pieces(pieces_bundle: Path) -> TopicClassifier:
    return load_classifier(pieces_bundle)


pieced_words = [
    "OPECs",
    "'opex'",
    "scarrel",
    "quarrel",
    "brent",
    "zimbabwe",
    "the",
    "可",
    "豆",
    "油",
    "\u0e43\u0e0a\u0e49",
]


@given(st.lists(st.sampled_from(pieced_words), min_size=1, max_size=9), st.sampled_from(["", " "]))
def test_leaving_out_a_word_leaves_out_its_pieces(with_pieces: TopicClassifier, some: list[str], between: str) -> None:
    text = between.join(some)
    explanation = explain(with_pieces, text, "crude")
    whole = with_pieces.infer([with_pieces.encoder.encode(text)])[0][0, with_pieces.label("crude")]
    words = [one.word for one in explanation.words]
    assert words == [one.word for one in with_pieces.encoder.locate(text)]
    for place, effect in enumerate(explanation.words):
        rest = with_pieces.encoder.encode_words(words[:place] + words[place + 1 :])
        without = with_pieces.infer([rest])[0][0, explanation.label]
        assert effect.effect == pytest.approx(float(whole - without), abs=1e-6)


def test_unknown_word_has_the_effect_of_its_pieces(with_pieces: TopicClassifier) -> None:
    words = explain(with_pieces, "opex trade brent scarrel quarrel", "crude").words
    assert [one.status for one in words] == ["unknown", "known", "unknown", "unknown", "rare"]
    opex, trade, brent, scarrel, quarrel = (one.effect for one in words)
    assert opex > 0.01
    assert trade < -0.01
    assert brent == 0
    assert (scarrel, quarrel) == (pytest.approx(0, abs=1e-6), pytest.approx(0, abs=0.01))  # they share their piece
    alone = explain(with_pieces, "scarrel trade", "crude").words[0]
    assert alone.effect > 0.01


def test_each_character_of_an_unspaced_script_has_its_own_effect_and_position(with_pieces: TopicClassifier) -> None:
    text = "Oil可豆 \u0e43\u0e0a\u0e49油"
    words = explain(with_pieces, text, "cocoa").words
    assert [text[one.start : one.end] for one in words] == ["Oil", "可", "豆", "\u0e43", "\u0e0a\u0e49", "油"]
    assert words[1].effect > 0.05
    assert words[2].effect > 0.05


def test_parts_are_smaller_where_words_have_many_pieces(
    with_pieces: TopicClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "opex scarrel " + "trade " * 20
    assert len(explainer_of(with_pieces, text).parts) == 1
    monkeypatch.setattr(with_pieces.encoder, "piece_ids", lambda word: {*range(100, 300)} if word == "opex" else set())
    parts = explainer_of(with_pieces, text).parts
    assert [place for part in parts for place in part] == list(range(22))
    assert all(len(part) * 200 <= IDS_AT_ONCE for part in parts)


@pytest.fixture(scope="module")
def with_outside(outside_bundle: Path) -> TopicClassifier:
    return load_classifier(outside_bundle)


@given(st.lists(st.sampled_from(["election", "court", "football", "the", "brent", "zimbabwe"]), min_size=1, max_size=9))
def test_effect_on_an_outside_text_is_what_outside_loses_without_the_word(
    with_outside: TopicClassifier, some: list[str]
) -> None:
    def outside(words: list[str]) -> float:
        values = with_outside.infer([with_outside.encoder.encode_words(words)])[1]
        return values[0] if values else 0.0

    explanation = explain(with_outside, " ".join(some))
    (answer,) = with_outside.classify([" ".join(some)])
    assert (explanation.label is None) == (answer.abstained == "outside")
    if explanation.label is None:
        for place, effect in enumerate(explanation.words):
            assert effect.effect == pytest.approx(outside(some) - outside(some[:place] + some[place + 1 :]), abs=1e-6)


def test_named_topic_is_explained_even_if_the_text_is_outside(with_outside: TopicClassifier) -> None:
    assert explain(with_outside, "election court").label is None
    assert explain(with_outside, "election court", "crude").label == with_outside.label("crude")


def test_threshold_decides_what_is_explained(outside_bundle: Path) -> None:
    never = load_classifier(outside_bundle, outside_threshold=1)
    assert explain(never, "election court football").label is not None


def test_text_without_a_known_word_does_not_explain_the_outside_class(outside_bundle: Path) -> None:
    always = load_classifier(outside_bundle, outside_threshold=1e-8)
    assert explain(always, "qwertz").label is not None


def test_unknown_word_has_an_effect_on_a_topic_where_the_temperature_depends_on_it(
    with_outside: TopicClassifier,
) -> None:
    known, unknown = explain(with_outside, "wheat brent", "wheat").words
    assert known.effect > 0
    assert unknown.effect < -0.01  # without it the model would be surer


def test_effect_on_a_topic_is_what_the_topic_loses_though_the_model_has_an_outside_class(
    with_outside: TopicClassifier,
) -> None:
    for text, topic in (("wheat oil", "crude"), ("election oil court", "crude")):
        words = text.split()
        label = with_outside.label(topic)
        left = [words, *(words[:place] + words[place + 1 :] for place in range(len(words)))]
        whole, *without = with_outside.probabilities([with_outside.encoder.encode_words(one) for one in left])[:, label]
        effects = [one.effect for one in explain(with_outside, text, topic).words]
        assert effects == pytest.approx([float(whole - one) for one in without], abs=1e-6)


def test_unknown_word_changes_the_outside_class_alone_if_the_temperature_does_not_depend_on_it(tmp_path: Path) -> None:
    classifier = load_classifier(write_outside_bundle(tmp_path / "bundle", unknown_slope=0))
    explanation = explain(classifier, "election court brent")
    assert explanation.label is None
    assert explanation.words[2].effect > 0  # the weight of the share of unknown words is positive
    assert [one.effect for one in explain(classifier, "oil brent", "crude").words][1] == 0


def test_effects_have_as_many_digits_as_probabilities(classifier: TopicClassifier) -> None:
    effects = [one.effect for one in explain(classifier, "oil prices and wheat zimbabwe profit").words]
    assert any(effects)
    assert effects == [round(effect, 8) for effect in effects]
