from pathlib import Path

import numpy as np
import pytest

from app.classifier.inference.products import Floats, row_product, rows_agree

RNG = np.random.default_rng(1)
ROWS = 128
SHAPES = [(128, 446), (446, 46), (32, 7), (128, 306), (506, 306), (550, 150), (900, 4)]


@pytest.mark.parametrize("shape", SHAPES)
def test_product_is_that_of_the_matrices(shape: tuple[int, int]) -> None:
    kernel, x = RNG.normal(size=shape).astype(np.float32), RNG.normal(size=(ROWS, shape[0])).astype(np.float32)
    np.testing.assert_allclose(row_product(kernel, ROWS)[0](x), x @ kernel, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_are_not_multiplied_one_by_one_with_avx_512(shape: tuple[int, int]) -> None:
    if "avx512f" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("needs AVX-512")
    assert row_product(RNG.normal(size=shape).astype(np.float32), ROWS)[1] == 2


def test_rows_that_are_rounded_otherwise_among_others_do_not_agree() -> None:
    kernel, x = np.eye(3, dtype=np.float32), np.ones((ROWS, 3), np.float32)

    def by_number_of_rows(rows: Floats) -> Floats:
        product: Floats = rows @ kernel + np.float32(len(rows) % 3)
        return product

    assert rows_agree(lambda rows: rows @ kernel, x)  # whose sums are exact on every processor
    assert not rows_agree(by_number_of_rows, x)
