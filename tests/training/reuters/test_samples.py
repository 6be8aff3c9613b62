from training.data.corpus import ArchiveWire, Wire
from training.data.lexicon import Entry
from training.data.topics import TOPICS
from training.headlines.samples import labels_of, others_of, soft_targets
from training.reuters.samples import cut_leads, lexicon_samples, make_samples, title_words

OUTSIDE = len(TOPICS)
"""The label of a text about none of the topics."""


def wire(title: str | None = None, body: str | None = None, labels: tuple[int, ...] = (0,)) -> Wire:
    return Wire(1, title, body, "the text of another wire", ("cocoa",), labels[0], labels, "train", 0)


def test_title_that_is_to_be_avoided_is_left_out_however_it_is_written() -> None:
    avoid = title_words([wire(title="OIL PRICES, up")])
    titles, _ = make_samples([wire(title="Oil prices up!"), wire(title="Oil prices down")], avoid)
    assert [sample.words for sample in titles] == [("oil", "prices", "down")]


def test_wrong_body_is_never_learned_from() -> None:
    titles, bodies = make_samples([wire(title="Cocoa up")])
    assert len(titles) == 1
    assert bodies == []


def test_text_without_a_word_is_no_sample() -> None:
    assert make_samples([wire(title="***", body="--")]) == ([], [])


def test_lead_is_what_a_body_begins_with() -> None:
    _, bodies = make_samples([wire(body="One, two three four"), wire(body="too short")])
    assert [lead.words for lead in cut_leads(bodies, 3)] == [("one", "two", "three"), ("too", "short")]


def test_wire_outside_the_set_and_lexicon_line_without_a_topic_have_the_last_column() -> None:
    titles, bodies = make_samples([ArchiveWire(7, "Election held", "It was held.", "", ("silk",))])
    phrases = lexicon_samples([Entry("OPEC+ meets", ("crude", "gas")), Entry("Film wins prize", ())])
    samples = [*titles, *bodies, *phrases]
    assert [sample.labels for sample in samples] == [(), (), (16, 41), ()]
    assert [sample.source for sample in samples] == [7, 7, None, None]
    assert labels_of(samples, OUTSIDE).tolist() == [OUTSIDE, OUTSIDE, 16, OUTSIDE]
    targets = soft_targets(samples, OUTSIDE, OUTSIDE + 1, 0.7).toarray()
    assert targets.shape == (4, OUTSIDE + 1)
    assert targets[[0, 1, 3], OUTSIDE].tolist() == [1, 1, 1]
    assert targets[:, :OUTSIDE].sum(axis=1).tolist() == [0, 0, 1, 0]
    assert not others_of(samples, OUTSIDE + 1)[[0, 1, 3]].any()
