"""What `evaluate` prints: a bundle's figures as aligned plain text."""

from collections.abc import Sequence

from app.control_characters import one_line
from app.terminal_columns import columns
from training.evaluation.measure import Evaluation
from training.evaluation.multi_label import MultiLabelEvaluation

MAX_CONFUSIONS = 10
_PARTS = {
    "test": "official test wires",
    "own_body": "with own body",
    "decoded_body": "own body, decoded",
    "test_titles": "test titles",
    "repeated_titles": "titles also in training",
}


def evaluation_report(measured: dict[str, Evaluation], codes: Sequence[str]) -> str:
    """Figures of every part, then each topic's and the most frequent confusions on the official test wires."""
    parts = list(measured)
    lines = [f"{'':<28}" + "".join(f"{_PARTS[part]:>26}" for part in parts)]
    names = {"wires": "wires", "accuracy": "accuracy", "any_topic_accuracy": "accuracy, any topic"}
    names |= {"top3": "label among the top 3", "macro_f1": "macro-F1", "loss": "loss (nats)"}
    names |= {
        "ece": "calibration error",
        "set_coverage": "prediction set: coverage",
        "set_size": "prediction set: size",
    }
    for key, name in names.items():
        values = [measured[part].figures().get(key) for part in parts]
        if None not in values:
            form = ",d" if key == "wires" else ".4f"
            lines.append(f"{name:<28}" + "".join(f"{value:>26{form}}" for value in values))
    return "\n".join([*lines, "", *topic_table(measured["test"], codes), "", *_confusions(measured["test"], codes)])


def topic_table(
    evaluation: Evaluation | MultiLabelEvaluation, codes: Sequence[str], names: tuple[str, str] = ("topic", "wires")
) -> list[str]:
    """Lines with precision, recall and F1 of each topic; `names` are the heads of the first two columns."""
    width = max(18, *(columns(one_line(code)) + 1 for code in codes))
    lines = [f"{names[0]:<{width}}{names[1]:>7}{'precision':>11}{'recall':>8}{'F1':>8}"]
    for code, skill in zip(codes, evaluation.topics, strict=True):
        scores = (skill.precision, skill.recall, skill.f1)
        values = [f"{'-' if score is None else format(score, '.3f'):>8}" for score in scores]
        name = one_line(code)
        lines.append(f"{name}{' ' * (width - columns(name))}{skill.support:>7,}   {''.join(values)}")
    return lines


def _confusions(evaluation: Evaluation, codes: Sequence[str]) -> list[str]:
    matrix = evaluation.confusion
    pairs = [(int(matrix[i, j]), i, j) for i in range(len(codes)) for j in range(len(codes)) if i != j and matrix[i, j]]
    pairs.sort(key=lambda pair: (-pair[0], pair[1:]))
    return ["Most often confused (the whole matrix: --json):"] + [
        f"{count:>5,}  {codes[i]} predicted as {codes[j]}" for count, i, j in pairs[:MAX_CONFUSIONS]
    ]
