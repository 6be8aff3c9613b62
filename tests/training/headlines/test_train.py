import numpy as np
import scipy.sparse as sp

from app.classifier.encoding import Encoder
from app.classifier.manifest import EncodingSpec
from training.headlines.mlp import Layers
from training.headlines.train import UnmergedModel


def test_bias_of_the_svm_is_added_with_its_weight() -> None:
    rng = np.random.default_rng(0)
    linear = rng.normal(size=(6, 3)).astype(np.float32)
    networks = Layers(*(np.zeros(shape, np.float32) for shape in ((6, 0), (0,), (0, 3), (3,))))
    bias = np.array([1, 0, -2], np.float32)
    encoder = Encoder(EncodingSpec(size=6, offset=0, start_id=None, rare_id=None, pairs=True), {"a": 1})
    model = UnmergedModel(encoder, {"a": 1}, linear, bias, networks, {}, sp.identity(6, np.float32, "csr"), 3)
    layers = model.merged(2.0, 6).layers
    hidden = np.maximum(layers[0].kernel[1] @ layers[1].kernel + layers[1].bias, 0)
    np.testing.assert_allclose(hidden @ layers[2].kernel + layers[2].bias, 2 * (linear[1] + bias), atol=1e-4)
