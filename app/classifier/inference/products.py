"""Matrix products whose rows have the same bits however many rows are multiplied together."""

import random
from collections.abc import Callable
from operator import methodcaller

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Product = Callable[[Floats], Floats]
"""Multiplies rows, float32 [n, inputs], by a kernel: float32 [n, units]."""

_COLUMNS = 16
"""Floats in an AVX-512 register: OpenBLAS rounds the columns after the last whole register by the number of rows."""
_INPUTS = 448
"""Inputs that OpenBLAS's AVX-512 routines add up at once; of more inputs it adds the parts, but not for few rows."""


def row_product(kernel: Floats, most_rows: int) -> tuple[Product, int]:
    """A product with a kernel whose result for a row does not depend on the other rows.

    BLAS chooses the order of its additions, and so the rounding, by the number of rows. OpenBLAS's AVX-512 routines
    round a row alike in any number from two on, but for some shapes only if the kernel is split and padded. Its AVX2
    routines differ for any number, so there each row is multiplied separately: slower, but a text's result must not
    depend on its batch.

    Args:
        kernel: float32 [inputs, units].
        most_rows: the most rows that are multiplied at once.

    Returns:
        The product, and the least number of rows it may get, 1 or 2.
    """
    # The method `dot` calls the same BLAS routine as `@`, with a microsecond less overhead; this adds no Python call.
    whole: Product = methodcaller("dot", kernel)

    def separate(x: Floats) -> Floats:
        product: Floats = np.matmul(x[:, None], kernel)[:, 0]
        return product

    draw = random.Random(0).random  # noqa: S311 - not `numpy.random`, whose import takes 20 ms and 3 MB
    noise = np.array([draw() - 0.5 for _ in range(most_rows * len(kernel))], np.float32).reshape(most_rows, -1)
    for product in (whole, _split(kernel)):
        if rows_agree(product, noise):
            return product, 2
    return separate, 1


def rows_agree(product: Product, x: Floats) -> bool:
    """Whether the product of a row of x has the same bits in any number of rows from two on."""
    whole = product(x)
    # All small row counts, which may use separate routines, and enough larger ones to cover every remainder.
    counts = (*range(2, 33), *range(33, len(x), 7))
    return all(np.array_equal(product(x[-rows:]), whole[-rows:]) for rows in counts)


def _split(kernel: Floats) -> Product:
    """The product with a kernel that is padded to whole registers and split into parts of `_INPUTS`."""
    inputs, units = kernel.shape
    padded = np.zeros((inputs, -(-units // _COLUMNS) * _COLUMNS), np.float32)
    padded[:, :units] = kernel
    starts = range(_INPUTS, inputs, _INPUTS)

    def product(x: Floats) -> Floats:
        total: Floats = x[:, :_INPUTS].dot(padded[:_INPUTS])
        for start in starts:
            total += x[:, start : start + _INPUTS].dot(padded[start : start + _INPUTS])
        return total[:, :units]

    return product
