"""docs/scaling.md equals the tables computed from its figures, and marks figures that are not measured."""

import json

import pytest

from benchmarks.scaling import scaling_page

FIGURES = json.loads(scaling_page.FIGURES.read_text("utf-8"))


@pytest.fixture(scope="module")
def blocks() -> dict[str, list[str]]:
    return scaling_page.blocks(FIGURES)


@pytest.mark.slow
def test_page_is_what_the_figures_give(blocks: dict[str, list[str]]):
    page = scaling_page.PAGE.read_text("utf-8")
    for name, lines in blocks.items():
        assert scaling_page.placed(page, name, lines) == page, "run python -m benchmarks sizing"


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_what_is_not_measured_says_so_and_is_filled_in_by_a_figure():
    [ray] = [row for row in scaling_page.costs(FIGURES | {"ray": None}) if "ray" in row]
    assert cells(ray)[1:] == [scaling_page.LATER] * 4
    [ray] = [row for row in scaling_page.costs(FIGURES | {"ray": 10_000.0}) if "ray" in row]
    assert cells(ray)[1:4] == ["10,000", "100", "0.111 cents"]  # 100 s of 0.04 dollars an hour


def test_cost_of_requests_includes_idle_time_of_the_core():
    figures = FIGURES | {"workers": [{"single_us": 100.0, "batch_us": 20.0}]}
    [single] = [row for row in scaling_page.costs(figures) if "one headline" in row]
    assert cells(single)[1:] == ["10,000", "100", f"{100 / 3600 * 4 / 0.6:.3f} cents", "1.0x"]


def test_ten_times_the_requests_need_ten_times_the_work():
    head, _, *rows = scaling_page.loads(FIGURES)
    table = {cells(row)[0]: dict(zip(cells(head), cells(row), strict=True)) for row in rows}
    log = {
        case: float(text.replace(",", "")) for case, text in table["access log, GB a day"].items() if text[:1].isdigit()
    }
    assert log["100,000 requests/s"] == pytest.approx(100 * log["1,000 requests/s"], rel=0.01)
    workers = {case: text for case, text in table["workers at 60% (a file: 100%)"].items() if text.isdigit()}
    assert int(workers["100,000 requests/s"]) > 10
    assert int(workers["1,000 requests/s"]) == 1


def test_page_without_a_marker_for_a_table_is_an_error():
    with pytest.raises(AssertionError, match="no single place for costs"):
        scaling_page.placed("nothing", "costs", [])
