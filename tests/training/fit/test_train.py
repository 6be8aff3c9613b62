"""Training on made rows of every awkward kind, with small networks."""

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tests.training.fit.rows import cluster_rows, codes, made_rows
from training.errors import LabelsError
from training.fit import sizes, train
from training.fit.fitted import Fitted
from training.fit.sizes import recipe_for
from training.fit.train import fit_model
from training.fit.training_rows import tokenize_rows
from training.headlines.recipe import Recipe
from training.headlines.samples import labels_of
from training.labelled.rows import LabelledRow


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(rows: int, units: int) -> Recipe:
        return replace(recipe_for(rows, units), networks=1, hidden=8, epochs=3, batch_size=32)

    monkeypatch.setattr(train, "recipe_for", small)


def fitted(rows: list[LabelledRow], labels: list[str], told: list[str] | None = None) -> Fitted:
    told = [] if told is None else told
    return fit_model(tokenize_rows(rows, labels), 1, lambda phase, *_: told.append(phase))


def accuracy(model: Fitted, rows: list[LabelledRow], labels: list[str]) -> float:
    samples = tokenize_rows(rows, labels).samples
    logits = model.model.held_out(samples).logits[:, : len(labels)]
    return float((logits.argmax(axis=1) == labels_of(samples, len(labels))).mean())


def test_two_hundred_rows_are_cross_fitted_and_learned() -> None:
    told: list[str] = []
    model = fitted(made_rows(4, 50), codes(4), told)
    assert len(model.held_out_rows) == 200  # each row once, by a model that did not learn from it
    assert accuracy(model, made_rows(4, 20, seed=1), codes(4)) > 0.95
    assert model.calibrated.outside is None
    assert dict.fromkeys(phase.partition(", ")[2] for phase in told) == dict.fromkeys(
        [*(f"pass {number} of 6" for number in range(1, 7)), ""]
    )
    assert told.count("weight of the SVM") == len(train.SHARES)  # each takes seconds where there are many labels


def test_blas_has_one_thread_while_training_and_then_as_many_as_before() -> None:
    def threads() -> set[int]:
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}

    seen: set[int] = set()
    with threadpool_limits(2, user_api="blas"):
        fit_model(tokenize_rows(made_rows(2, 20), codes(2)), 1, lambda *_: seen.update(threads()))
        assert (seen, threads()) == ({1}, {2})


def test_more_rows_hold_out_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "CROSS_FITTED", 100)
    model = fitted(made_rows(4, 50), codes(4))
    assert len(model.held_out_rows) == 4 * 8  # 15% of 50, rounded
    assert accuracy(model, made_rows(4, 20, seed=1), codes(4)) > 0.95


def test_rows_between_are_calibrated_on_two_fifths_and_trained_on_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "CROSS_FITTED", 100)
    monkeypatch.setattr(sizes, "MANY_EPOCHS", 200)
    told: list[str] = []
    model = fitted(made_rows(4, 50), codes(4), told)
    assert len(model.held_out_rows) == len({row.source for row in model.held_out_rows}) == 80
    assert {phase.partition(", ")[2] for phase in told} == {f"pass {number} of 3" for number in (1, 2, 3)} | {""}
    assert accuracy(model, made_rows(4, 20, seed=1), codes(4)) > 0.95


def test_many_rows_are_trained_on_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "CROSS_FITTED", 100)
    monkeypatch.setattr(train, "MANY", 200)
    told: list[str] = []
    fitted(made_rows(4, 50), codes(4), told)
    assert {phase.partition(", ")[2] for phase in told} == {"pass 1 of 1", ""}


def test_sixty_labels_of_five_rows_are_learned() -> None:
    model = fitted(made_rows(60, 5), codes(60))
    assert model.model.layers[0].kernel.shape[1] >= 60
    assert accuracy(model, made_rows(60, 3, seed=1), codes(60)) > 0.8


def test_rows_about_none_of_the_labels_teach_the_outside_class() -> None:
    model = fitted(made_rows(3, 40, outside=60), codes(3))
    assert model.calibrated.outside is not None
    assert model.calibrated.outside.found is not None
    assert model.calibrated.outside.found > 0.9
    assert model.model.layers[-1].kernel.shape[1] == 4
    assert model.held_out_figures["texts"] == 120  # those with a label
    assert model.held_out_figures["accuracy"] > 0.95


def test_one_label_is_refused_in_one_sentence() -> None:
    with pytest.raises(LabelsError, match="only one label, but training needs two"):
        fitted(made_rows(1, 30), codes(2))


def test_labels_with_too_many_commas_are_refused_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "MAX_JSON_SEPARATORS", sizes._OTHER_SEPARATORS)
    told: list[str] = []
    with pytest.raises(LabelsError, match="2 labels with 0 opening brackets"):
        fitted(made_rows(2, 30), codes(2), told)
    assert not told


def test_rows_without_a_word_are_refused_in_one_sentence() -> None:
    rows = [LabelledRow("?!" * i, (codes(2)[i % 2],), "a.csv", i) for i in range(1, 30)]
    with pytest.raises(LabelsError, match=r"No training row has a word.* check the column with the texts"):
        fitted(rows, codes(2))


@pytest.mark.parametrize("cross_fitted", [1, 7_500])
def test_one_row_about_none_of_the_labels_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, cross_fitted: int
) -> None:
    monkeypatch.setattr(sizes, "CROSS_FITTED", cross_fitted)
    with pytest.raises(LabelsError, match="Only one training row is about none of the labels"):
        fitted(made_rows(2, 5, outside=1), codes(2))


@pytest.mark.parametrize("outside", [0, 2])
def test_labels_of_one_row_each_are_refused_in_one_sentence(outside: int) -> None:
    with pytest.raises(LabelsError, match="No label has two training rows with words"):
        fitted(made_rows(3, 1, outside=outside), codes(3))


@pytest.mark.parametrize("cross_fitted", [1, 7_500])
@pytest.mark.parametrize(("each", "outside"), [(2, 2), (2, 3), (3, 2)])
def test_two_rows_of_each_kind_are_enough(
    monkeypatch: pytest.MonkeyPatch, cross_fitted: int, each: int, outside: int
) -> None:
    monkeypatch.setattr(sizes, "CROSS_FITTED", cross_fitted)
    model = fitted(made_rows(2, each, outside=outside), codes(2))
    assert model.calibrated.outside is not None
    assert set(model.held_out.labels.tolist()) == {0, 1, 2}


def test_probabilities_are_calibrated_as_served(monkeypatch: pytest.MonkeyPatch) -> None:
    def narrow(rows: int, units: int) -> Recipe:
        return replace(recipe_for(rows, units), networks=1, hidden=8, epochs=3, batch_size=32, width=3)

    monkeypatch.setattr(train, "recipe_for", narrow)  # three units for twelve labels: merging loses most of the scores
    model = fitted(made_rows(12, 30), codes(12))
    fresh = model.model.held_out(tokenize_rows(made_rows(12, 20, seed=1), codes(12)).samples)
    probabilities = fresh.probabilities(model.calibrated.temperature)
    right = probabilities.argmax(axis=1) == fresh.labels
    assert right.mean() < 0.9
    assert probabilities.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.1)


def test_rows_that_are_all_alike_give_the_shares_of_the_labels() -> None:
    rows = [LabelledRow("the same text", (f"label{number % 4 == 0:d}",), "rows.csv", number) for number in range(200)]
    model = fitted(rows, codes(2))
    probabilities = model.held_out.probabilities(model.calibrated.temperature)
    assert np.isfinite(probabilities).all()
    assert probabilities[:, 0].mean() == pytest.approx(0.75, abs=0.15)


def test_one_text_under_two_labels_as_often_is_as_probably_either() -> None:
    rows = [LabelledRow("the same text", (f"label{number % 2}",), "rows.csv", number) for number in range(40)]
    model = fitted(rows, codes(2))
    assert model.held_out.probabilities(model.calibrated.temperature) == pytest.approx(0.5, abs=0.1)


def test_words_that_occur_once_are_learned_by_their_pieces() -> None:
    def rows(seed: int) -> list[LabelledRow]:
        rng = np.random.default_rng(seed)
        made = []
        for number in range(200):
            beginning = ("green", "blue")[number % 2]
            word = beginning + "".join(rng.choice(list("aeioubdgk"), 6))
            made.append(LabelledRow(word, (f"label{number % 2}",), "rows.csv", number))
        return made

    model = fitted(rows(0), codes(2))
    assert not any(
        " " not in entry and rank < model.model.encoder.spec.size for entry, rank in model.model.word_index.items()
    )
    assert accuracy(model, rows(1), codes(2)) > 0.95


def test_korean_rows_are_learned() -> None:
    endings = ["은", "는", "이", "가", "을", "를", "에서", "으로"]
    rng = np.random.default_rng(0)

    def rows(count: int) -> list[LabelledRow]:
        return [
            LabelledRow(
                f"{('축구', '야구')[n % 2] if n % 4 < 2 else ('선수', '투수')[n % 2]}{rng.choice(endings)} 오늘",
                (f"label{n % 2}",),
                "rows.csv",
                n,
            )
            for n in range(count)
        ]

    model = fitted(rows(200), codes(2))
    assert accuracy(model, rows(40), codes(2)) > 0.9


def test_chinese_characters_are_words() -> None:
    texts = {"label0": ["足球比赛", "球队胜利", "足球球员"], "label1": ["股票上涨", "银行利率", "股市下跌"]}
    rows = [
        LabelledRow(text, (label,), "rows.csv", n) for label, some in texts.items() for n, text in enumerate(some * 20)
    ]
    model = fitted(rows, codes(2))
    assert (
        accuracy(
            model, [LabelledRow("足球队", ("label0",), "t", 1), LabelledRow("银行股票", ("label1",), "t", 2)], codes(2)
        )
        == 1
    )


def test_same_seed_gives_the_same_weights() -> None:
    one, other = (fitted(made_rows(3, 30), codes(3)) for _ in range(2))
    assert all(np.array_equal(a.kernel, b.kernel) for a, b in zip(one.model.layers, other.model.layers, strict=True))
    assert one.calibrated == other.calibrated


def test_rows_without_words_are_left_out() -> None:
    rows = tokenize_rows([*made_rows(2, 3), LabelledRow("***", ("label0",), "rows.csv", 9)], codes(2))
    assert len(rows.samples) == 6
    assert len(rows.texts) == 7


def test_emoji_are_words_where_rows_have_them() -> None:
    def rows(seed: int, faces: tuple[str, str]) -> list[LabelledRow]:
        made = made_rows(1, 100, seed=seed)
        return [replace(row, text=row.text + faces[i % 2], labels=(f"label{i % 2}",)) for i, row in enumerate(made)]

    model = fitted(rows(0, ("😀", "👎🏽")), codes(2))
    assert model.model.encoder.spec.split_symbols
    assert accuracy(model, rows(1, ("😀", "👎🏿")), codes(2)) > 0.95
    assert not fitted(rows(0, ("", "!")), codes(2)).model.encoder.spec.split_symbols


def test_a_question_mark_is_a_word_where_it_tells_the_label() -> None:
    def rows(seed: int) -> list[LabelledRow]:
        made = made_rows(1, 100, seed=seed)
        return [replace(row, text=row.text + ".?"[i % 2], labels=(f"label{i % 2}",)) for i, row in enumerate(made)]

    model = fitted(rows(0), codes(2))
    assert model.model.encoder.spec.split_marks
    assert accuracy(model, rows(1), codes(2)) > 0.95


def test_english_words_that_no_row_has_count_as_others_of_their_cluster() -> None:
    model = fitted(cluster_rows(0, 12), codes(2))
    assert len(model.clusters) == 1_000
    assert accuracy(model, cluster_rows(1, 50), codes(2)) > 0.95


@pytest.mark.parametrize(("others", "clusters"), [("xqa xqb", 1_000), ("xqa xqb xqc", 0)])
def test_clusters_are_tried_if_sixty_percent_of_the_words_are_in_the_list(others: str, clusters: int) -> None:
    rows = [replace(row, text=f"{row.text} {others}") for row in cluster_rows(0, 12)]
    assert len(fitted(rows, codes(2)).clusters) == clusters


def test_clusters_that_gain_nothing_are_not_in_the_word_index() -> None:
    model = fitted(cluster_rows(0, 40), codes(2))  # so many rows that each word is in several
    unseen = {word for row in cluster_rows(1, 50) for word in row.text.split()}
    assert not model.clusters
    assert not unseen & model.model.word_index.keys()
