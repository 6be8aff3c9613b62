"""What Python says about its imports."""

from benchmarks.startup import imports

REPORT = """\
import time: self [us] | cumulative | imported package
import time:      1500 |       1500 |   numpy._core.multiarray
import time:       500 |       2000 | numpy
import time:       250 |        250 | click
"""


def test_imports_add_up_by_package_the_slowest_first():
    assert list(imports(REPORT).items()) == [("all", 2.25), ("numpy", 2.0), ("click", 0.25)]
