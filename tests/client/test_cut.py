"""How headlines are split into requests that the service accepts."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from topics_client import batches
from topics_client.batches import MAX_BYTES, MAX_HEADLINES, Item, split, split_async

from app.settings import Settings


def sizes(parts: list[list[Item]]) -> list[int]:
    return [len(part) for part in parts]


def test_limits_are_those_of_the_service() -> None:
    assert Settings.model_fields["max_batch"].default == MAX_HEADLINES
    assert Settings.model_fields["max_body_bytes"].default == 2 * MAX_BYTES


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [(0, 3, []), (1, 3, [1]), (3, 3, [3]), (7, 3, [3, 3, 1]), (2500, 10_000, [1000, 1000, 500])],
)
def test_parts_are_full_but_for_the_last(count: int, size: int, expected: list[int]) -> None:
    texts = [str(number) for number in range(count)]

    async def stream() -> AsyncIterator[str]:
        for text in texts:
            yield text

    async def parts() -> list[list[Item]]:
        return [part async for part in split_async(stream(), size)]

    found = list(split(texts, size))
    assert sizes(found) == expected
    assert [item for part in found for item in part] == [Item(place, text) for place, text in enumerate(texts)]
    assert asyncio.run(parts()) == found


def test_part_is_full_at_so_many_bytes_of_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MAX_BYTES", 10)
    assert sizes(list(split(["aaaaa", "aaaaa", "a", "ééééé", "é", "b" * 50, "c"]))) == [2, 1, 1, 1, 1, 1]
    assert sizes(list(split(["a"] * 25))) == [10, 10, 5]


def test_what_is_no_text_is_raised_unless_it_is_skipped() -> None:
    async def stream() -> AsyncIterator[object]:
        yield "gold"
        yield None

    async def ask(**options: bool) -> list[list[Item]]:
        return [part async for part in split_async(stream(), **options)]

    for wrong in (lambda: list(split(["gold", None])), lambda: asyncio.run(ask())):
        with pytest.raises(TypeError, match=r"headlines\[1\]"):
            wrong()
    for [part] in (list(split(["gold", None], skip=True)), asyncio.run(ask(skip=True))):
        assert part == [Item(0, "gold"), Item(1, "", "must be a str, not NoneType")]
