"""``make replay``, as a person runs it; what is heard of it is in ``test_sound.py``."""

from pathlib import Path

import pytest

from tests.stack.stack import Stack, docker
from tests.system.fixtures import Clip
from tests.system.programs import ROOT
from tests.system.terminal import CTRL_C, Terminal

pytestmark = pytest.mark.docker


def replays(stack: Stack) -> list[str]:
    """Return containers of replays that are there."""
    names = docker("ps", "--all", "--format", "{{.Names}}", *stack.its).split()
    return [name for name in names if "replay" in name]


def test_it_shows_a_bar_and_one_ctrl_c_ends_it(stack: Stack, clip: Clip) -> None:
    volumes = docker("volume", "ls", "--quiet").split()
    env = {**stack.env, "WAV": str(clip(0, 2)), "FEED": "nobody", "TERM": "xterm"}
    terminal = Terminal(["make", "replay"], ROOT, env)
    terminal.wait_for("━.* waiting for a listener")
    assert len(replays(stack)) == 1
    terminal.press(CTRL_C)
    assert terminal.exit_code() != 0
    assert "Traceback" not in terminal.text
    assert replays(stack) == []
    # the one it was spooled to bears no label of anybody's
    assert set(docker("volume", "ls", "--quiet").split()) <= set(volumes)


def test_what_is_no_audio_is_said(stack: Stack, tmp_path: Path) -> None:
    wav = tmp_path / "no audio.wav"
    wav.write_text("hello")
    done = stack.make("replay", WAV=str(wav))
    assert done.returncode != 0
    assert "producer: no audio.wav: is not audio that can be read" in done.stderr
    assert replays(stack) == []
