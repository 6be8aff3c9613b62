import asyncio
from contextlib import suppress

from app.telemetry.prometheus.single_flight import SingleFlight


def test_scrape_that_is_given_up_leaves_the_rendering_to_others():
    async def main() -> bytes:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def render() -> bytes:
            begun.set()
            await go_on.wait()
            return b"text"

        exposition = SingleFlight(render)
        first, second = (asyncio.create_task(exposition.result()) for _ in range(2))
        await begun.wait()
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        go_on.set()
        return await second

    assert asyncio.run(main()) == b"text"


def test_error_reaches_every_scrape_and_the_next_renders_again():
    texts = iter([None, b"text"])

    async def render() -> bytes:
        text = next(texts)
        if text is None:
            raise OSError("no descriptors")
        return text

    async def main() -> None:
        exposition = SingleFlight(render)
        failed = await asyncio.gather(exposition.result(), exposition.result(), return_exceptions=True)
        assert [type(error) for error in failed] == [OSError, OSError]
        assert await exposition.result() == b"text"

    asyncio.run(main())
