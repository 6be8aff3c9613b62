"""Figures of the outside class: how well it separates texts about none of the topics from the others."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score


def outside_figures(scores: NDArray[np.float64], without: NDArray[np.bool_], threshold: float) -> dict[str, Any]:
    """Figures of the outside class, as in the manifest; rates are 0 to 1.

    Args:
        scores: float64 [n], probabilities of the outside class.
        without: bool [n], the texts about none of the topics: some of them, but not all.
        threshold: texts with a higher probability are marked as outside.

    Returns:
        `with_topic` and `without`: numbers of texts; `auroc`; and the rates of `outside_rates`.
    """
    return {
        "with_topic": int((~without).sum()),
        "without": int(without.sum()),
        "auroc": float(roc_auc_score(without, scores)),
        **outside_rates(scores, without, threshold),
    }


def outside_rates(scores: NDArray[np.float64], without: NDArray[np.bool_], threshold: float) -> dict[str, float]:
    """False positive rate `lost` and true positive rate `found` of marking the texts above a threshold."""
    marked = scores > threshold
    return {"lost": float(marked[~without].mean()), "found": float(marked[without].mean())}


def outside_report(outside: dict[str, Any]) -> str:
    """Figures of the outside class."""
    return (
        f"Outside class, on {outside['with_topic']:,} test titles and {outside['without']:,} titles of later wires"
        f" without a topic:\nAUROC {outside['auroc']:.4f}; false positive rate (marked although with a topic)"
        f" {outside['lost']:.4f}; true positive rate {outside['found']:.4f}"
    )
