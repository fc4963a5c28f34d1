"""``make down``: quick, said on the page, and nothing that was not heard is lost."""

import subprocess
import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from captures.check import reference_resample
from captures.compare import compare
from tests.stack.stack import SERVICES, Stack
from tests.system.browser import Listener
from tests.system.fixtures import Clip

pytestmark = [pytest.mark.docker, pytest.mark.browser]

DOWN_S = 10.0
SAID_S = 2.0


def test_down_is_quick_and_the_page_says_so(
    browser: Browser, stack: Stack, clip: Clip, report: Callable[[str], None]
) -> None:
    listener = Listener(browser, f"{stack.url}/?feed=down")
    listener.wait_for("ready")
    with stack.making("replay", WAV=str(clip(0, 15)), FEED="down") as speaker:
        listener.wait_for("speaking")
        began = time.monotonic()
        with stack.making("down") as down:
            listener.wait_for("reconnecting", timeout_s=DOWN_S)
            said_s = time.monotonic() - began
            assert down.wait(timeout=60) == 0
            took_s = time.monotonic() - began
        # what was speaking through it has ended as well
        assert speaker.wait(timeout=5) != 0
    listener.close()
    report(f"make down: {took_s:.1f} s, said on the page after {said_s:.1f} s")
    assert said_s < SAID_S
    assert took_s < DOWN_S
    assert len(stack.volumes()) == 3
    assert stack.left_over() == stack.volumes()


def test_speech_that_nobody_has_heard_outlives_down_and_up(
    browser: Browser, stack: Stack, speech: NDArray[np.int16]
) -> None:
    source = speech[: 4 * 24_000]
    producer = ["docker", "exec", "--interactive", stack.container("producer")]
    speaks = ["python", "-m", "producer", "--feed", "unheard", "--no-wait", "--pace", "burst", "-"]
    subprocess.run(producer + speaks, input=source.tobytes(), check=True, capture_output=True)
    down = stack.make("down")
    assert down.returncode == 0, down.stderr
    assert not any(stack.container(service) for service in SERVICES)
    stack.up()
    listener = Listener(browser, f"{stack.url}/?feed=unheard")
    listener.wait_for("speaking")
    listener.wait_for("ready")
    listener.wait(0.5)
    found = compare(reference_resample(source), listener.recording().audio[:, 0])
    listener.close()
    assert found.first_100ms_heard
    assert found.last_100ms_heard
    assert np.median(found.correlations) > 0.95
