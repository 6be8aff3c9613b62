import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.classifier import BundleError, Encoder
from app.classifier.manifest import EncodingSpec

WORD_INDEX = {"oil": 1, "prices": 2, "rise": 3, "u": 4, "s": 5, "rarely": 6, "oil prices": 7}
SPEC = EncodingSpec(size=9)  # ranks 1 to 5 survive the offset of 3
SINGLE = [entry for entry in WORD_INDEX if " " not in entry]  # no word of a text has a space in it
words = st.lists(st.sampled_from([*SINGLE, "brent", "İstanbul", "don't"]), max_size=30)
texts = st.text(st.characters(codec="utf-8") | st.sampled_from(" .,'\t\n\u2019\u2014oilu\u0130"), max_size=60)


@given(words, st.randoms())
def test_order_of_words_changes_no_id_and_no_count(some: list[str], random) -> None:
    encoder = Encoder(SPEC, WORD_INDEX)
    shuffled = random.sample(some, len(some))
    one, other = encoder.encode_words(some), encoder.encode_words(shuffled)
    assert (one.ids, one.known, one.rare, sorted(one.unknown)) == (
        other.ids,
        other.known,
        other.rare,
        sorted(other.unknown),
    )


@given(texts)
def test_sequence_has_the_ids_of_encode(text: str) -> None:
    encoder = Encoder(SPEC, WORD_INDEX)
    assert sorted(set(encoder.sequence(text))) == encoder.encode(text).ids


@given(words)
def test_every_word_is_known_rare_or_unknown(some: list[str]) -> None:
    encoded = Encoder(SPEC, WORD_INDEX).encode_words(some)
    unknown = sum(word not in WORD_INDEX for word in some)
    assert encoded.known + encoded.rare + unknown == len(some)
    assert set(encoded.unknown) == {word for word in some if word not in WORD_INDEX}


def test_ranks_move_up_by_the_offset_and_are_cut_after_it() -> None:
    encoder = Encoder(SPEC, WORD_INDEX)
    assert encoder.sequence("oil s rarely brent") == [1, 4, 8, 2]  # start, two words, rare; brent is skipped
    assert [encoder.status(word) for word in ("s", "rarely", "brent")] == ["known", "rare", "unknown"]


def test_pairs_add_the_ids_of_adjacent_words_whatever_unknown_stands_between() -> None:
    encoder = Encoder(EncodingSpec(size=20, pairs=True), WORD_INDEX)
    assert encoder.encode("oil brent prices").ids == encoder.encode("oil prices").ids == [1, 4, 5, 10]
    assert encoder.encode("prices oil").ids == [1, 4, 5]


def test_second_occurrence_of_a_word_has_an_id_of_its_own_wherever_it_stands() -> None:
    encoder = Encoder(EncodingSpec(size=20, repeats=True), WORD_INDEX | {"oil *2": 8, "rarely *2": 9})
    once = encoder.encode("oil prices rise")
    assert once.ids == [1, 4, 5, 6]
    for text in ("oil prices oil rise", "oil brent oil prices rise oil", "oil *2 oil prices rise"):
        assert encoder.encode(text).ids == [1, 4, 5, 6, 11]
    assert encoder.encode("prices rise prices brent brent").ids == [1, 5, 6]  # no id for these second occurrences


@given(words)
def test_repeats_and_pairs_only_add_ids(some: list[str]) -> None:
    plain = Encoder(EncodingSpec(size=20), WORD_INDEX).encode_words(some)
    spec = EncodingSpec(size=20, pairs=True, repeats=True)
    both = Encoder(spec, WORD_INDEX | {"oil *2": 8, "u *2": 9}).encode_words(some)
    added = {10} if "oil prices" in " ".join(word for word in some if word in WORD_INDEX) else set()
    added |= {4 + 7} if some.count("oil") > 1 else set()
    added |= {4 + 8} if some.count("u") > 1 else set()
    assert both.ids == sorted({*plain.ids, *added})
    assert both[1:] == plain[1:]


LEAD_INDEX = WORD_INDEX | {"oil *later": 8, "rise *later": 9, "oil *2": 10, "u *2": 11}
LEAD_SPEC = EncodingSpec(size=20, offset=0, start_id=None, rare_id=None, pairs=True, repeats=True, lead=3)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("u prices s oil", [2, 4, 5, 8]),
        ("u prices s oil oil", [2, 4, 5, 8, 10]),  # twice, though only later
        ("u oil s oil", [1, 4, 5, 10]),  # in the lead, so not later
        ("u prices s prices", [2, 4, 5]),  # neither place of `prices` exists
        ("u rise s u", [3, 4, 5, 11]),
        ("u rise oil prices", [1, 3, 4, 7]),  # the pair over the end of the lead counts, later `prices` has no place
        ("prices prices s u u", [2, 5]),  # later `u` has no place, nor then its repeat
    ],
)
def test_new_word_after_the_lead_counts_as_a_later_word(text: str, ids: list[int]) -> None:
    assert Encoder(LEAD_SPEC, LEAD_INDEX).encode(text).ids == ids


@pytest.mark.parametrize(
    ("text", "counts", "unknown"),
    [  # counts: words, known, rare, unknown; the lead has three words of the index
        ("u s oil rarely", (4, 3, 1, 0), []),
        ("u s oil rarely oil", (5, 4, 1, 0), []),
        ("u s oil brent prices brent", (6, 4, 0, 2), ["brent"]),
        ("opec u brent s oil brent opec rise ghana rarely", (10, 4, 1, 5), ["opec", "brent", "ghana"]),
        ("rarely rarely rarely rarely rarely", (5, 0, 5, 0), []),
        ("u s oil u s oil", (6, 6, 0, 0), []),
        ("brent brent", (2, 0, 0, 2), ["brent"]),
    ],
)
@pytest.mark.parametrize("lead", [3, None])
def test_words_after_the_lead_are_counted_like_those_before(
    text: str, counts: tuple[int, ...], unknown: list[str], lead: int | None
) -> None:
    spec = EncodingSpec(size=9, offset=3, pairs=True, repeats=True, lead=lead)
    found = Encoder(spec, WORD_INDEX).encode(text)
    assert (found.words, found.known, found.rare, round(found.unknown_share * found.words)) == counts
    assert found.unknown == unknown


def test_text_without_words_has_no_unknown_ones() -> None:
    assert Encoder(LEAD_SPEC, LEAD_INDEX).encode("...").unknown_share == 0


def test_rare_word_after_the_lead_sets_the_rare_id() -> None:
    spec = EncodingSpec(size=9, lead=3)
    assert 2 in Encoder(spec, WORD_INDEX).encode("u s oil rarely").ids
    assert 2 not in Encoder(spec, WORD_INDEX).encode("u s oil prices").ids


def test_special_ids_may_be_absent_and_the_last_one_fits() -> None:
    assert Encoder(EncodingSpec(size=3, offset=0, start_id=2, rare_id=None), {}).encode("").ids == [2]
    assert Encoder(EncodingSpec(size=3, offset=0, start_id=None, rare_id=None), WORD_INDEX).sequence("rarely oil") == [
        1
    ]
    for special in ("start_id", "rare_id"):
        with pytest.raises(BundleError, match="special id 3 is outside an encoding of size 3"):
            Encoder(EncodingSpec(size=3, **{special: 3}), {})


def test_pairs_repeats_and_later_words_need_their_own_switch() -> None:
    index = WORD_INDEX | {"oil *2": 8, "rise *later": 9}
    plain = EncodingSpec(size=30, offset=0, start_id=None, rare_id=None)
    text = "oil prices oil rise"
    ids = {
        name: Encoder(plain.model_copy(update=update), index).encode(text).ids
        for name, update in {
            "plain": {},
            "pairs": {"pairs": True},
            "repeats": {"repeats": True},
            "lead": {"lead": 3},
        }.items()
    }
    assert ids == {"plain": [1, 2, 3], "pairs": [1, 2, 3, 7], "repeats": [1, 2, 3, 8], "lead": [1, 2, 9]}


@given(words, st.lists(st.integers(0, 30), max_size=5))
def test_unknown_words_move_nothing_out_of_the_lead(some: list[str], places: list[int]) -> None:
    encoder = Encoder(LEAD_SPEC, LEAD_INDEX)
    known = [word for word in some if word in WORD_INDEX]
    with_unknown = known.copy()
    for place in places:
        with_unknown.insert(place, "brent")
    assert encoder.encode_words(with_unknown).ids == encoder.encode_words(known).ids


def test_every_word_that_is_not_in_the_word_index_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(LEAD_SPEC, LEAD_INDEX)
    resolved: list[str] = []
    resolve = encoder.resolve
    monkeypatch.setattr(encoder, "resolve", lambda word: resolved.append(word) or resolve(word))
    unknown = ["\u65b0", "\u805e", "'brent", "caf\u00e9", "\u7d93"]
    encoder.encode_words([*unknown[:2], "oil", unknown[2], "u", "s", "prices", *unknown[3:]])
    assert resolved == unknown


@given(words)
def test_text_of_no_more_words_than_the_lead_is_encoded_as_without_one(some: list[str]) -> None:
    plain = LEAD_SPEC.model_copy(update={"lead": None})
    assert Encoder(LEAD_SPEC, LEAD_INDEX).encode_words(some[:3]) == Encoder(plain, LEAD_INDEX).encode_words(some[:3])


def test_special_id_beyond_the_size_is_refused() -> None:
    with pytest.raises(BundleError, match=r"manifest\.json: special id 2 is outside"):
        Encoder(EncodingSpec(size=2, start_id=1), {})


def test_rank_below_one_is_refused() -> None:
    with pytest.raises(BundleError, match=r"word_index\.json: a rank is below 1"):
        Encoder(SPEC, {"oil": 0})


QUOTED_INDEX = {"oil": 1, "prices": 2, "producers'": 3, "producers": 4, "nestle": 5, "sch\u00f6n": 6, "'rise": 8}
QUOTED_INDEX |= {"rise": 9, "oil prices": 10, "'n": 7, "'fall": 40, "fall": 41, "'boom": 42}
QUOTED_SPEC = EncodingSpec(size=20, offset=0, start_id=None, rare_id=None, pairs=True)


@pytest.mark.parametrize(
    ("text", "ids", "unknown"),
    [
        ("'oil prices'", [1, 2, 10], []),
        ("\u2018oil\u2019 \u201aprices\u2018", [1, 2, 10], []),
        ("''oil'' prices'''", [1, 2, 10], []),
        ("producers' oil", [1, 3], []),  # the word index knows it with its quote
        ("'producers' 'producers'' ", [4], []),
        ("rock 'n' roll", [], ["rock", "n", "roll"]),
        ("'rise rise'", [8, 9], []),
        ("' '' oil \u2018 \u2019", [1], []),
        ("'brent' \u2018brent\u2019s'", [], ["brent", "brent's"]),
        ("Nestl\u00e9 NESTLE\u0301 'nestl\u00e9'", [5], []),
        ("sch\u00f6n 'SCH\u00d6N'", [6], []),
        ("schon", [], ["schon"]),
        ("caf\u00e9s \u0301", [], ["caf\u00e9s"]),
    ],
)
def test_word_is_looked_up_without_quotes_and_then_without_diacritics(
    text: str, ids: list[int], unknown: list[str]
) -> None:
    encoder = Encoder(QUOTED_SPEC, QUOTED_INDEX)
    found = encoder.encode(text)
    assert (found.ids, found.unknown) == (ids, unknown)
    located = encoder.locate(text)
    assert found.words == len(located)
    assert sorted({*encoder.sequence(text)}) == [one for one in ids if one != 10]
    assert encoder.encode_words([one.word for one in located]) == found
    assert [one.word for one in located if encoder.status(one.word) == "unknown"] == unknown


@pytest.mark.parametrize("lead", [None, 1])
def test_rare_word_in_quotes_counts_as_the_word_without_them_unless_rare_words_have_an_id(lead: int | None) -> None:
    index = {"fall": 1, "oil": 2, "prices": 3, "'fall": 40, "'boom": 41}
    spec = EncodingSpec(size=20, offset=0, start_id=None, rare_id=None, lead=lead)
    found = Encoder(spec, index).encode("'fall oil 'boom")
    assert (found.known, found.rare, found.unknown) == (2, 0, ["boom"])
    found = Encoder(spec.model_copy(update={"rare_id": 19}), index).encode("oil 'fall 'boom")
    assert (found.known, found.rare, found.unknown) == (1, 2, [])
    assert 19 in found.ids


@given(st.lists(st.sampled_from(["oil", "prices", "nestl\u00e9", "brent", "covid"]), max_size=9), st.data())
def test_quotes_at_the_edges_of_words_change_no_id_and_no_count(some: list[str], data: st.DataObject) -> None:
    encoder = Encoder(QUOTED_SPEC.model_copy(update={"lead": 3}), QUOTED_INDEX)
    quotes = st.sampled_from(["", "'", "\u2018", "\u2019", "''", "\u201a"])
    quoted = " ".join(data.draw(quotes) + word + data.draw(quotes) for word in some)
    assert encoder.encode(quoted) == encoder.encode(" ".join(some))


def test_references_are_decoded_as_the_encoding_says() -> None:
    index = {"lt": 1, "amp": 2, "s": 3, "p": 4}
    spec = EncodingSpec(size=9, offset=0, start_id=None, rare_id=None)
    assert Encoder(spec, index).encode("S&amp;P &lt;").ids == [1, 2, 3, 4]
    assert Encoder(spec.model_copy(update={"references": "html"}), index).encode("S&amp;P &lt;").ids == [3, 4]
    assert [one.word for one in Encoder(spec, index).locate("S&amp;P")] == ["s", "amp", "p"]
