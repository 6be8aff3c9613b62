"""Small bundles written by hand: the real topics with some 300 words, and any topics with a word each.

They need neither TensorFlow nor data, so all tests of serving can use them.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from app.classifier.bundle import GOLDEN, MANIFEST, MODEL, WORD_INDEX
from app.classifier.calibration import regression
from app.classifier.encoding import Encoder
from app.classifier.manifest import Calibration, EncodingSpec, Outside
from app.classifier.networks.weights import read_network
from training.bundles.weight_offsets import align, dense_layers
from training.data.topics import NAMES

SIZE = 300
RARE_WORDS = ("zimbabwe", "quorum", "apogee")
"""In the word index, but without an id in the vocabulary."""

COMMON = (
    *("the", "of", "to", "in", "said", "and", "a", "mln", "s", "vs", "for", "dlrs", "it", "on", "pct", "is", "that"),
    *("at", "by", "from", "with", "will", "year", "be", "was", "its", "u", "rise", "rises", "fall", "falls", "prices"),
)
KEYWORDS = {
    "cocoa": "cocoa icco beans ghana ivory",
    "grain": "grain corn harvest barley tonnes usda",
    "veg-oil": "palm vegetable olein copra edible",
    "earn": "profit dividend shares quarter net shr earnings loss",
    "acq": "merger acquire takeover stake bid buyout offer",
    "wheat": "wheat flour durum winter",
    "copper": "copper cathode chile codelco smelter",
    "housing": "housing starts homes permits",
    "money-supply": "m1 m3 supply monetary deposits",
    "coffee": "coffee brazil quotas ico arabica",
    "sugar": "sugar beet cane raws whites",
    "trade": "trade tariffs exports imports deficit surplus gatt",
    "reserves": "reserves foreign holdings sdr",
    "ship": "ship port vessel tanker seamen strike",
    "cotton": "cotton bales lint textile",
    "carcass": "beef meat pork carcass",
    "crude": "oil crude opec barrel barrels petroleum",
    "nat-gas": "pipeline natural cubic feet wells",
    "cpi": "consumer inflation cost living index",
    "money-fx": "currency intervention stg yen market bank exchange",
    "interest": "interest rate rates prime cut lending",
    "gnp": "gnp growth economy gdp",
    "meal-feed": "meal feed soymeal pellets",
    "alum": "aluminium aluminum bauxite ingot",
    "oilseed": "soybean oilseed rapeseed sunflower soybeans",
    "gold": "gold ounce bullion mine ounces",
    "tin": "tin atpc malaysia itc",
    "strategic-metal": "uranium cobalt titanium tungsten",
    "livestock": "cattle livestock slaughter herd",
    "retail": "retail sales stores shoppers",
    "ipi": "industrial production output factories",
    "iron-steel": "steel iron ore furnace",
    "rubber": "rubber inro latex buffer",
    "heat": "heating distillate fuel",
    "jobs": "unemployment jobs payrolls jobless",
    "lei": "leading indicators composite",
    "bop": "payments balance current account",
    "zinc": "zinc slab ingots",
    "orange": "orange juice fcoj florida",
    "pet-chem": "ethylene petrochemical plastics styrene",
    "dlr": "dollar plaza louvre mark",
    "gas": "gasoline octane unleaded motor",
    "silver": "silver troy peru",
    "wpi": "wholesale producer goods",
    "hog": "hog hogs pigs sows",
    "lead": "lead battery galena",
}
REFERENCE = {"topic_mix": dict.fromkeys(NAMES, 1 / len(NAMES)), "unknown_word_ratio": 0.02}
GOLDEN_HEADLINES = ("Oil prices rise as OPEC cuts crude output", "Wheat harvest falls", "quorum of the unheard-of", "")


SHARES: dict[str, dict[str, float]] = {
    "certain": {"crude": 0.9, "gas": 0.1},
    "torn": {"gas": 0.45, "crude": 0.35, "heat": 0.12, "ship": 0.08},
    "vague": {"wheat": 0.24, "grain": 0.2, "rubber": 0.18, "cocoa": 0.16, "coffee": 0.13, "sugar": 0.09},
    "even": dict.fromkeys(("cocoa", "grain", "earn", "acq", "wheat", "trade", "ship", "crude"), 1 / 8),
    "anything": dict.fromkeys(NAMES, 1 / len(NAMES)),
    "thirds": dict.fromkeys(("gold", "silver", "zinc"), 1 / 3),
}
"""Answers of `write_sets_bundle` to each of these words; the probabilities of all other topics are below 1e-25."""


def write_sets_bundle(folder: Path, threshold: float | None = 0.125) -> Path:
    """Write a bundle whose prediction sets follow from SHARES; None: without prediction sets."""
    kernel = np.full((len(SHARES) + 1, len(NAMES)), -60, np.float32)
    for row, shares in enumerate(SHARES.values(), start=1):
        most = max(shares.values())  # its logit is 0, so that equal shares come out equal to the last bit
        for code, share in shares.items():
            kernel[row, list(NAMES).index(code)] = np.log(share / most)
    kernel[0] = 0
    word_index = {word: rank for rank, word in enumerate([*SHARES, "scarce"], start=1)}
    encoding = EncodingSpec(size=len(kernel), offset=0, start_id=None, rare_id=None)
    topic_set = None if threshold is None else {"coverage": 0.9, "threshold": threshold}
    layers = [(kernel, np.zeros(len(NAMES), np.float32), "softmax")]
    return _write(folder, layers, word_index, encoding, name="sets", version="1", topic_set=topic_set)


def write_tiny_bundle(folder: Path, name: str = "tiny", version: str = "1") -> Path:
    """Write the bundle into `folder`, which must not exist yet, and return it."""
    words = [*COMMON, *dict.fromkeys(word for line in KEYWORDS.values() for word in line.split())]
    fillers = [f"filler{number}" for number in range(SIZE - 3 - 1 - len(words))]
    word_index = {word: rank for rank, word in enumerate([*words, *fillers, *RARE_WORDS], start=1)}
    return _write(folder, _weights(word_index), word_index, EncodingSpec(size=SIZE), name=name, version=version)


IN_PLACE_OF = {
    "petroleum": "rrel *piece",
    "barrels": "<ope *piece",
    "icco": "可",
    "beans": "豆",
    "ghana": "可 豆",
    "durum": "ใช้",
    "filler1": "油",
}
"""Entries of `write_pieces_bundle` with the weights of these words; `油` has next to none."""


def write_pieces_bundle(folder: Path) -> Path:
    """Write the tiny bundle with the entries of IN_PLACE_OF, which need `pieces`, `split_unspaced` and `pairs`."""
    words = [*COMMON, *dict.fromkeys(word for line in KEYWORDS.values() for word in line.split())]
    fillers = [f"filler{number}" for number in range(SIZE - 3 - 1 - len(words))]
    word_index = {word: rank for rank, word in enumerate([*words, *fillers, *RARE_WORDS, "quarrel"], start=1)}
    renamed = {IN_PLACE_OF.get(word, word): rank for word, rank in word_index.items()}
    encoding = EncodingSpec(size=SIZE, pairs=True, split_unspaced=True, pieces=(2, 4))
    return _write(folder, _weights(word_index), renamed, encoding, name="tiny", version="1", format=3)


OUTSIDE_WORDS = ("election", "court", "football", "film", "storm", "phone")
"""Each speaks for the outside class of `write_outside_bundle`, as a keyword does for its topic."""
OUTSIDE = {"intercept": -3.0, "score": 1.5, "confidence": -0.5, "unknown": 1.0, "threshold": 0.5}


def write_outside_bundle(folder: Path, unknown_slope: float = 0.5, **changes: object) -> Path:
    """Write the tiny bundle with an outside class, whose words are OUTSIDE_WORDS and whose weights are OUTSIDE.

    Args:
        folder: where; must not exist yet.
        unknown_slope: of the calibration.
        changes: of the manifest's `outside`.
    """
    words = [*COMMON, *dict.fromkeys(word for line in KEYWORDS.values() for word in line.split()), *OUTSIDE_WORDS]
    fillers = [f"filler{number}" for number in range(SIZE - 3 - 1 - len(words))]
    word_index = {word: rank for rank, word in enumerate([*words, *fillers, *RARE_WORDS], start=1)}
    return _write(
        folder,
        _weights(word_index, OUTSIDE_WORDS),
        word_index,
        EncodingSpec(size=SIZE),
        name="tiny",
        version="1",
        format=2,
        calibration={"intercept": 0.0, "unknown_slope": unknown_slope},
        outside=OUTSIDE | changes,
        reference=REFERENCE | {"outside_ratio": 0.1},
    )


def write_any_bundle(
    folder: Path,
    topics: Mapping[str, tuple[str, str]],
    name: str = "any",
    version: str = "1",
    golden: Sequence[str] = (),
    **more: object,
) -> Path:
    """Write a bundle for any topics.

    Args:
        folder: where; must not exist yet.
        topics: by code, the name of each topic and a word that speaks for it; two or more.
        name: of the manifest.
        version: of the manifest.
        golden: golden headlines; by default made of the topics' words.
        more: fields of the manifest; with `multi_label`, a text has every topic whose word it has.
    """
    words = [word for _, word in topics.values()]
    word_index = {word: rank for rank, word in enumerate(words, start=1)}
    encoding = EncodingSpec(size=len(words) + 1, offset=0, start_id=None, rare_id=None)
    kernel = np.concatenate([np.zeros((1, len(words))), np.eye(len(words)) * (3 + np.log(len(words)))])
    layers = [(kernel.astype(np.float32), np.zeros(len(words), np.float32), "softmax")]
    if "multi_label" in more:  # of a topic with its word sigmoid(4), of all others sigmoid(-4)
        kernel = np.concatenate([np.zeros((1, len(words))), np.eye(len(words)) * 8])
        layers = [(kernel.astype(np.float32), np.full(len(words), -4, np.float32), "sigmoid")]
    names = {code: plain for code, (plain, _) in topics.items()}
    golden = golden or [*words[:3], " ".join(words[:2]), "", " ".join(words * 40)[:2000]]
    return _write(
        folder, layers, word_index, encoding, names=names, golden_headlines=golden, name=name, version=version, **more
    )


def _write(
    folder: Path,
    weights: list[tuple[np.ndarray, np.ndarray, str]],
    word_index: dict[str, int],
    encoding: EncodingSpec,
    *,
    names: Mapping[str, str] = NAMES,
    golden_headlines: Sequence[str] = GOLDEN_HEADLINES,
    **more: object,
) -> Path:
    folder.mkdir(parents=True)
    (folder / WORD_INDEX).write_text(json.dumps(word_index))
    (folder / MODEL).write_bytes(keras_file(weights))
    align(folder / MODEL)
    layers = dense_layers(folder / MODEL)
    assert layers is not None
    encoder = Encoder(encoding, word_index)
    network = read_network((folder / MODEL).read_bytes(), layers, folder / MODEL, layers[-1].activation)
    encoded = [encoder.encode(headline) for headline in golden_headlines]
    units = network.logits([one.ids for one in encoded])
    logits = units[:, : len(names)]
    if "calibration" in more:
        slope = Calibration.model_validate(more["calibration"]).unknown_slope
        logits = logits / np.exp(slope * np.array([[one.oov_share] for one in encoded], np.float32))
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    if "multi_label" in more:
        probabilities = 1 / (1 + np.exp(-logits))
    golden: list[dict[str, object]] = [
        {"headline": one, "probabilities": row}
        for one, row in zip(golden_headlines, probabilities.tolist(), strict=True)
    ]
    if "outside" in more:
        weights = Outside.model_validate(more["outside"])
        best = probabilities.max(axis=1).tolist()
        outside = list(map(regression(weights), units[:, -1].tolist(), best, [one.oov_share for one in encoded]))
        for one, text, out in zip(golden, encoded, outside, strict=True):
            one["outside"] = out if text.readable else None
    (folder / GOLDEN).write_text(json.dumps(golden))
    manifest = {
        "format": 1,
        "description": "Written by hand for the tests.",
        "encoding": encoding.model_dump(),
        "network": [layer.model_dump() for layer in layers],
        "topics": [
            {"label": label, "code": code, "name": plain, "support": 10 + label, "precision": 0.8, "recall": 0.75}
            for label, (code, plain) in enumerate(names.items())
        ],
        "files": {},
        "recipe": {"name": "by hand"},
        "figures": {"accuracy": 0.8},
        "reference": REFERENCE | {"topic_mix": dict.fromkeys(names, 1 / len(names))},
    } | more
    (folder / MANIFEST).write_text(json.dumps(manifest))
    seal(folder)
    return folder


def seal(folder: Path, **changes: object) -> None:
    """Rewrite the manifest with the current hashes and sizes of the files, and with `changes`."""
    manifest = json.loads((folder / MANIFEST).read_text()) | changes
    manifest["files"] = {
        file.name: {"sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "size": file.stat().st_size}
        for file in sorted(folder.iterdir())
        if file.name != MANIFEST
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))


def keras_file(layers: list[tuple[np.ndarray, np.ndarray, str]], unit_length: bool = False) -> bytes:
    """A `.keras` file of Dense layers (kernel, bias, activation), as Keras itself would save and can load it."""
    weights, buffer = io.BytesIO(), io.BytesIO()
    config = [_layer("InputLayer", {"batch_shape": [None, len(layers[0][0])], "dtype": "float32", "name": "input"})]
    if unit_length:
        config.append(_layer("UnitNormalization", {"name": "unit_normalization", "axis": -1}))
    with h5py.File(weights, "w") as file:
        for number, (kernel, bias, activation) in enumerate(layers):
            name = "dense" if number == 0 else f"dense_{number}"
            file[f"layers/{name}/vars/0"], file[f"layers/{name}/vars/1"] = kernel, bias
            layer = {"name": name, "units": len(bias), "activation": activation, "use_bias": True}
            config.append(_layer("Dense", layer) | {"build_config": {"input_shape": [None, len(kernel)]}})
    model = {"module": "keras", "class_name": "Sequential", "config": {"name": "tiny", "layers": config}}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1", "date_saved": "by hand"}))
        archive.writestr("config.json", json.dumps(model | {"registered_name": None}))
        archive.writestr("model.weights.h5", weights.getvalue())
    return buffer.getvalue()


def _layer(class_name: str, config: dict[str, object]) -> dict[str, object]:
    return {"module": "keras.layers", "class_name": class_name, "config": config, "registered_name": None}


def _weights(word_index: dict[str, int], outside: Sequence[str] = ()) -> list[tuple[np.ndarray, np.ndarray, str]]:
    """Each keyword has a large weight for its topic; all other weights are small noise.

    Words `outside` have a large weight for one more unit, after those of the topics.
    """
    noise = np.random.default_rng(0)
    topics = len(NAMES)
    units = topics + bool(outside)
    first = noise.normal(0, 0.02, (SIZE, 64)).astype(np.float32)
    for label, code in enumerate(NAMES):
        for word in KEYWORDS[code].split():
            first[word_index[word] + 3, label] += 2.0
    for word in outside:
        first[word_index[word] + 3, topics] += 2.0
    second = np.eye(64, dtype=np.float32)
    third = np.eye(64, units, dtype=np.float32) * 2
    biases = [noise.normal(0, 0.02, width).astype(np.float32) for width in (64, 64, units)]
    return [(first, biases[0], "relu"), (second, biases[1], "relu"), (third, biases[2], "softmax")]
