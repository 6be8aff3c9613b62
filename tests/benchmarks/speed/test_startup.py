"""Import times from Python's output, and medians of several rounds."""

from benchmarks.speed.startup import imports, summary

REPORT = """\
import time: self [us] | cumulative | imported package
import time:      1500 |       1500 |   numpy._core.multiarray
import time:       500 |       2000 | numpy
import time:       250 |        250 | click
"""


def test_imports_add_up_by_package_the_slowest_first():
    assert list(imports(REPORT).items()) == [("all", 2.25), ("numpy", 2.0), ("click", 0.25)]


def test_gain_of_workers_is_the_median_of_each_turns_own_ratio():
    singles, batches = "64 clients", "batches of 100, 16 clients"
    rates = [(100, 190), (50, 100), (10, 10)]
    turns = [
        {count: {singles: rate, batches: rate * 5} for count, rate in zip((1, 2), pair, strict=True)} for pair in rates
    ]
    one, two = summary({1: [{"resident": 1}], 2: [{"resident": 6}]}, turns)
    assert (one["against_one"][singles], two["against_one"][singles]) == (1, 1.9)
    assert two["headlines_per_second"] == {singles: 100, batches: 500}
    assert two["memory_mb"] == [{"resident": 6}]
