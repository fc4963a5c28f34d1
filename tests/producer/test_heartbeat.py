import asyncio
from pathlib import Path

import pytest

from feed.connection import connect
from producer import heartbeat
from producer.heartbeat import beating
from tests.conftest import OwnValkey, becomes, run

BEAT_S = 0.02


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_S", BEAT_S)


async def beats(path: Path) -> bool:
    """Whether the file is touched within ten beats."""
    await asyncio.to_thread(path.unlink, missing_ok=True)
    await asyncio.sleep(10 * BEAT_S)
    return await asyncio.to_thread(path.exists)


def test_it_beats_while_redis_answers_and_no_longer(own_valkey: OwnValkey, tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"

    async def go() -> None:
        own_valkey.start()
        async with connect(own_valkey.url) as redis, beating(redis, path):
            await becomes(path.exists)
            assert await beats(path)
            await asyncio.to_thread(own_valkey.kill)
            await asyncio.sleep(10 * BEAT_S)
            assert not await beats(path)
            await asyncio.to_thread(own_valkey.start)
            assert await beats(path)
        assert not await beats(path)

    run(go())


def test_a_redis_that_hangs_is_no_redis(redis_url: str, tmp_path: Path) -> None:
    path = tmp_path / "heartbeat"

    async def go() -> None:
        async with (
            connect(redis_url) as redis,
            connect(redis_url) as other,
            beating(redis, path),
        ):
            await becomes(path.exists)
            await other.client_pause(1000)
            await asyncio.sleep(10 * BEAT_S)
            assert not await beats(path)
            await becomes(path.exists)

    run(go())


def test_a_file_that_cannot_be_written_harms_nothing(redis_url: str, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "heartbeat"

    async def go() -> None:
        async with connect(redis_url) as redis, beating(redis, path):
            await asyncio.sleep(3 * BEAT_S)
            path.parent.mkdir()
            assert await beats(path)

    run(go())
