import asyncio

import pytest

from feed.cancellation import heeding
from tests.conftest import run


async def deaf(raises: Exception | None = None) -> str:
    """Behave as wait_for did before Python 3.12: swallow a cancellation."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        if raises is not None:
            raise raises from None
    return "done"


@pytest.mark.parametrize("raises", [None, ConnectionError()])
def test_a_swallowed_cancellation_is_raised(raises: Exception | None) -> None:
    async def go() -> None:
        task = asyncio.create_task(heeding(deaf(raises)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()

    run(go())


def test_without_one_nothing_changes() -> None:
    async def fails() -> None:
        raise ValueError("as it is")

    async def go() -> None:
        assert await heeding(asyncio.sleep(0, "done")) == "done"
        with pytest.raises(ValueError, match="as it is"):
            await heeding(fails())

    run(go())


def test_an_earlier_cancellation_does_not_stop_what_closes() -> None:
    async def closes() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return await heeding(asyncio.sleep(0, "closed"))
        return "never"

    async def go() -> None:
        task = asyncio.create_task(closes())
        await asyncio.sleep(0)
        task.cancel()
        assert await task == "closed"

    run(go())
