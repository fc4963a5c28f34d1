"""The same with docker-compose 1.29, which many machines still have."""

import shutil
import subprocess

import pytest
from playwright.sync_api import Browser

from captures.check import check_timestamp, first_failure
from captures.files import newest
from tests.stack.stack import SERVICES, Stack
from tests.system.browser import Listener
from tests.system.fixtures import Clip
from tests.system.programs import ROOT

pytestmark = pytest.mark.docker

OLDER = "docker-compose"


@pytest.fixture
def _older() -> None:
    if not shutil.which(OLDER):
        pytest.skip("no docker-compose 1.29: install it (Debian 12: apt install docker-compose)")


def test_it_understands_the_file(_older: None) -> None:
    done = subprocess.run(
        [OLDER, "config", "--services"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == sorted(SERVICES)
    assert "WARN" not in done.stderr


@pytest.mark.slow
@pytest.mark.browser
def test_it_starts_plays_fetches_and_stops(
    _older: None, other_stack: Stack, browser: Browser, clip: Clip
) -> None:
    other_stack.env["COMPOSE"] = OLDER
    said = other_stack.up()
    assert f"open {other_stack.url} to listen" in said
    assert other_stack.make("ps").stdout.count("(healthy)") == len(SERVICES)
    listener = Listener(browser, f"{other_stack.url}/?feed=older")
    listener.wait_for("ready")
    replayed = other_stack.make("replay", WAV=str(clip(0, 2)), FEED="older")
    assert replayed.returncode == 0, replayed.stderr
    assert "complete, 2.0 s played" in replayed.stdout
    listener.close()
    fetched = other_stack.make("captures")
    assert fetched.returncode == 0, fetched.stderr
    timestamp = newest(other_stack.captures)
    assert first_failure(check_timestamp(other_stack.captures, timestamp)) is None
    down = other_stack.make("down")
    assert down.returncode == 0, down.stderr
    assert other_stack.left_over() == other_stack.volumes()
    assert len(other_stack.volumes()) == 3
