import os
from asyncio.subprocess import PIPE

import pytest

from launch import programs
from launch.programs import program
from tests.conftest import run


def test_a_program_with_an_input_ends_with_it() -> None:
    async def scenario() -> None:
        async with program("launch.valkey", env=os.environ, stdin=PIPE) as process:
            assert process.stdout is not None
            assert (await process.stdout.readline()).startswith(b"redis://")
        assert process.returncode == 0

    run(scenario())


def test_a_program_without_one_is_told_to_stop() -> None:
    async def scenario() -> None:
        async with program("http.server", "--bind", "127.0.0.1", "0", env=os.environ) as process:
            assert process.returncode is None
        assert process.returncode is not None

    run(scenario())


def test_a_program_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "STOP_S", 0.2)

    async def scenario() -> None:
        deaf = (
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
            " print(1, flush=True); time.sleep(60)"
        )
        # `timeit` runs any statement, with the interpreter's -m as every program here
        async with program("timeit", "-n1", "-r1", deaf, env=os.environ) as process:
            assert process.stdout is not None
            await process.stdout.readline()
        assert process.returncode == -9

    run(scenario())
