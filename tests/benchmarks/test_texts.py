"""Headlines that are generated if the Reuters archive is missing."""

from pathlib import Path

import pytest

from app.classifier import Encoder, load_bundle
from benchmarks.texts import TITLE_WORDS, MadeTexts
from tests.server import ROOT


@pytest.mark.parametrize("name", ["tiny", "headlines"])  # in the latter's word index there are more than words
def test_made_headlines_are_always_the_same_and_as_long_as_titles(tiny_bundle: Path, name: str):
    bundle = load_bundle(tiny_bundle if name == "tiny" else ROOT / "models" / "headlines" / "7")
    headlines = MadeTexts(bundle).headlines(200)
    assert headlines == MadeTexts(bundle).headlines(200)
    lengths = {len(headline.split()) for headline in headlines}
    assert (min(lengths), max(lengths)) == TITLE_WORDS


def test_made_headlines_have_known_rare_and_unknown_words_as_titles_do(tiny_bundle):
    bundle = load_bundle(tiny_bundle)
    encoder = Encoder(bundle.manifest.encoding, bundle.word_index)
    encoded = [encoder.encode(headline) for headline in MadeTexts(bundle).headlines(500)]
    words = sum(one.words for one in encoded)
    assert 0.8 < sum(one.known for one in encoded) / words < 0.95
    assert sum(one.rare for one in encoded) > 0
    assert any(one.unknown for one in encoded)
