"""The command as users run it: exit codes, one line of error, signals."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner

from feed.connection import connect
from feed.entries import AudioDelta, AudioDone
from feed.keys import FeedKeys
from producer.__main__ import app
from tests.conftest import OwnValkey, becomes, run
from tests.producer.player import Player
from tests.producer.sounds import tone, write_wav
from tests.producer.test_speak import entries, playing

ROOT = Path(__file__).parents[2]
KEYS = FeedKeys("f")


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "tone.wav", tone(1, 24_000), 24_000)


def environment(tmp_path: Path, **extra: str) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    here = {"PYTHONPATH": str(ROOT), "LOG_DIR": str(tmp_path / "logs"), "FEED": "f"}
    return inherited | here | extra


def command(tmp_path: Path, *args: str, stdin: bytes = b"", **env: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "producer", *args],
        input=stdin,
        capture_output=True,
        timeout=20,
        check=False,
        cwd=tmp_path,
        env=environment(tmp_path, **env),
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@contextlib.asynccontextmanager
async def started(
    tmp_path: Path, url: str, *args: str, stdin: int = asyncio.subprocess.DEVNULL, **env: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "producer",
        *args,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env=environment(tmp_path, REDIS_URL=url, **env),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def test_bad_input_is_one_line_and_no_traceback(
    tmp_path: Path, wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.txt").write_text("no audio")
    cases: list[tuple[list[str], str]] = [
        ([], "no FILE given"),
        ([str(wav), "bad.txt"], "bad.txt: is not audio"),
        ([str(wav), "--chunk-bytes", "3"], "--chunk-bytes=3"),
        ([str(wav), "--feed", "a b"], "--feed=a b"),
        (["-", "--serve"], "only once"),
    ]
    monkeypatch.chdir(tmp_path)
    for args, message in cases:
        result = CliRunner().invoke(app, args)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert message in result.stderr
        assert result.stderr.startswith("producer: ")
        assert len(result.stderr.splitlines()) == 1


def test_no_redis_is_said_with_its_url_but_no_password(tmp_path: Path, wav: Path) -> None:
    url = "redis://me:secret@127.0.0.1:1/0"
    code, _, err = command(tmp_path, str(wav), REDIS_URL=url)
    assert code == 1
    assert err.splitlines() == [
        "producer: Redis at redis://127.0.0.1:1/0 is not reachable; start it or set REDIS_URL"
    ]


def test_a_wrong_password_is_said_at_once(tmp_path: Path, wav: Path, redis_url: str) -> None:
    url = redis_url.replace("redis://", "redis://me:secret@")
    code, _, err = command(tmp_path, str(wav), REDIS_URL=url)
    assert code == 1
    assert "refuses" in err
    assert "secret" not in err
    assert len(err.splitlines()) == 1


def test_files_are_spoken_in_order(tmp_path: Path, wav: Path, redis_url: str) -> None:
    short = write_wav(tmp_path / "short.wav", tone(0.25, 48_000), 48_000)
    args = [str(wav), str(short), "--no-wait", "--pace", "burst"]
    code, out, err = command(tmp_path, *args, REDIS_URL=redis_url)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "short.wav: 0.2 s written"
    spoken = wav.read_bytes()[44:]

    async def go() -> None:
        async with connect(redis_url) as redis:
            found = await entries(redis)
            dones = [entry for entry in found if isinstance(entry, AudioDone)]
            assert [done.samples for done in dones] == [24_000, 6_000]
            first = b"".join(
                e.audio
                for e in found
                if isinstance(e, AudioDelta) and e.response_id == dones[0].response_id
            )
            assert first == spoken

    run(go())
    assert '"speak.begin"' in (tmp_path / "logs" / "producer.log").read_text()


def test_raw_stdin_ending_in_half_a_sample(tmp_path: Path, redis_url: str) -> None:
    args = ["-", "--no-wait", "--pace", "burst"]
    code, _, err = command(tmp_path, *args, stdin=b"\1" * 2001, REDIS_URL=redis_url)
    assert code == 1
    assert "2001 bytes end in half a sample" in err

    async def go() -> None:
        async with connect(redis_url) as redis:
            assert (await entries(redis))[-1].fields()["samples"] == b"1000"

    run(go())


def test_it_waits_until_it_has_been_heard(tmp_path: Path, wav: Path, redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            player = Player(redis, "f")
            await player.listeners(1)
            args = [str(wav), "--pace", "burst"]
            async with playing(player), started(tmp_path, redis_url, *args) as process:
                out, err = await process.communicate()
            assert (process.returncode, err) == (0, b"")
            assert out.decode().splitlines()[-1] == "tone.wav: complete, 1.0 s played"

    run(go())


async def has_begun(redis: Redis) -> bool:
    return bool(await redis.exists(KEYS.audio))


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_response_and_frees_the_feed(
    tmp_path: Path, redis_url: str, signum: signal.Signals, code: int
) -> None:
    long = write_wav(tmp_path / "long.wav", tone(30, 24_000), 24_000)

    async def go() -> None:
        args = [str(long), "--pace", "realtime"]
        async with connect(redis_url) as redis, started(tmp_path, redis_url, *args) as process:
            await becomes(lambda: has_begun(redis))
            process.send_signal(signum)
            _, err = await process.communicate()
            assert (process.returncode, err) == (code, b"")
            found = await entries(redis)
            written = sum(e.samples for e in found if isinstance(e, AudioDelta))
            assert isinstance(found[-1], AudioDone)
            assert found[-1].samples == written < 20 * 24_000
            assert not await redis.exists(KEYS.writer)

    run(go())


def test_a_silent_stdin_does_not_keep_it_from_exiting(tmp_path: Path, redis_url: str) -> None:
    async def go() -> None:
        pipe = asyncio.subprocess.PIPE
        async with started(tmp_path, redis_url, "-", stdin=pipe) as process:
            assert process.stdout is not None
            await process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert await process.wait() == 130
            await process.communicate()

    run(go())


def test_serve_rides_out_redis_and_exits_0(
    tmp_path: Path, wav: Path, own_valkey: OwnValkey
) -> None:
    async def go() -> None:
        own_valkey.start()
        args = [str(wav), "--serve", "--pace", "burst"]
        async with started(tmp_path, own_valkey.url, *args) as process:
            assert process.stdout is not None
            line = (await process.stdout.readline()).decode()
            assert line.startswith("listening: tone.wav")
            await asyncio.to_thread(own_valkey.kill)
            await asyncio.to_thread(own_valkey.start)
            async with connect(own_valkey.url) as redis:
                player = Player(redis, "f")
                await player.listeners(1)
                async with playing(player):
                    while "complete" not in line:
                        line = (await process.stdout.readline()).decode()
                        assert line
            process.send_signal(signal.SIGTERM)
            _, err = await process.communicate()
            assert (process.returncode, err) == (0, b"")

    run(go())


def test_it_shows_whoever_watches_that_it_lives(tmp_path: Path, wav: Path, redis_url: str) -> None:
    sign = tmp_path / "heartbeat"

    async def go() -> None:
        async with started(
            tmp_path, redis_url, str(wav), "--serve", HEARTBEAT=str(sign), LOG_CONSOLE="1"
        ) as process:
            await becomes(sign.exists)
            process.send_signal(signal.SIGTERM)
            _, err = await process.communicate()
            assert process.returncode == 0
            assert err.decode() == (tmp_path / "logs" / "producer.log").read_text()

    run(go())
