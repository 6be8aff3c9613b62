import numpy as np
import scipy.sparse as sp

from app.classifier.encoding import Encoder
from app.classifier.manifest import EncodingSpec
from app.classifier.networks.dense_network import Dense
from training.headlines.mlp import Layers
from training.headlines.samples import Sample
from training.headlines.train import TrainedModel, UnmergedModel


def test_bias_of_the_svm_is_added_with_its_weight() -> None:
    rng = np.random.default_rng(0)
    linear = rng.normal(size=(6, 3)).astype(np.float32)
    networks = Layers(*(np.zeros(shape, np.float32) for shape in ((6, 0), (0,), (0, 3), (3,))))
    bias = np.array([1, 0, -2], np.float32)
    encoder = Encoder(EncodingSpec(size=6, offset=0, start_id=None, rare_id=None, pairs=True), {"a": 1})
    model = UnmergedModel(
        encoder=encoder,
        word_index={"a": 1},
        linear=linear,
        linear_bias=bias,
        networks=networks,
        history={},
        texts=sp.identity(6, np.float32, "csr"),
        topics=3,
    )
    layers = model.merged(2.0, 6).layers
    hidden = np.maximum(layers[0].kernel[1] @ layers[1].kernel + layers[1].bias, 0)
    np.testing.assert_allclose(hidden @ layers[2].kernel + layers[2].bias, 2 * (linear[1] + bias), atol=1e-4)


def test_label_of_a_held_out_text_is_its_first_topic_or_the_one_that_was_answered() -> None:
    encoder = Encoder(EncodingSpec(size=4, offset=0, start_id=None, rare_id=None), {"a": 1, "b": 2, "c": 3})
    layer = Dense(np.eye(4, 3, -1, dtype=np.float32), np.zeros(3, np.float32), "linear")
    model = TrainedModel(encoder, {}, (layer,), {}, 3)
    topics = [(1, 0), (0, 2), (2,), ()]
    samples = [Sample((word,), labels) for word, labels in zip("abac", topics, strict=True)]
    assert model.held_out(samples).labels.tolist() == [1, 0, 2, 3]
    # The answers are 0, 1, 0 and 2: the second topic of the first text, and none of the topics of the others.
    assert model.held_out(samples, any_topic=True).labels.tolist() == [0, 0, 2, 3]
