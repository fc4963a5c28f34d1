import asyncio
import threading
from collections.abc import Iterator

import pytest

from producer.pump import AHEAD, pumped
from tests.conftest import becomes, run


def test_everything_comes_in_order() -> None:
    async def go() -> list[bytes]:
        return [block async for block in pumped(bytes([n]) for n in range(100))]

    assert run(go()) == [bytes([n]) for n in range(100)]


def test_an_error_comes_after_what_was_read_before_it() -> None:
    def blocks() -> Iterator[bytes]:
        yield b"a"
        raise ValueError("broken")

    async def go() -> None:
        source = pumped(blocks())
        assert await anext(source) == b"a"
        with pytest.raises(ValueError, match="broken"):
            await anext(source)

    run(go())


def test_it_reads_only_a_little_ahead() -> None:
    read: list[int] = []

    def blocks() -> Iterator[bytes]:
        for n in range(1000):
            read.append(n)
            yield b"x"

    async def go() -> None:
        source = pumped(blocks())
        await anext(source)
        await becomes(lambda: len(read) >= AHEAD)
        await asyncio.sleep(0.05)
        assert len(read) <= AHEAD + 2
        await source.aclose()

    run(go())


def test_a_source_that_never_answers_can_be_left() -> None:
    silent = threading.Event()

    def blocks() -> Iterator[bytes]:
        silent.wait()
        yield b"late"

    async def go() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                async for _ in pumped(blocks()):
                    pass

    run(go())
    silent.set()
