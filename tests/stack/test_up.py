"""``make up`` and what it says, when it works and when it cannot."""

import json
import time
import urllib.request
from collections.abc import Callable

import pytest

from tests.stack.stack import SERVICES, Stack
from tests.system.programs import ROOT
from tests.system.terminal import CTRL_C, Terminal

pytestmark = pytest.mark.docker


def last_line(text: str) -> str:
    """Return the line that an error ends with; make adds its own."""
    return [line for line in text.splitlines() if not line.startswith("make: ***")][-1]


def test_all_are_healthy_and_the_address_is_said(
    stack: Stack, report: Callable[[str], None]
) -> None:
    began = time.monotonic()
    said = stack.up()
    report(f"make up, nothing changed: {time.monotonic() - began:.1f} s")
    assert f"open {stack.url} to listen" in said
    assert "make down" in said
    for service in SERVICES:
        assert stack.inspect(service)["State"]["Health"]["Status"] == "healthy"
    with urllib.request.urlopen(f"{stack.url}/readyz", timeout=5) as reply:
        assert reply.status == 200


def test_make_up_again_changes_nothing(stack: Stack) -> None:
    before = [stack.inspect(service)["State"]["StartedAt"] for service in SERVICES]
    stack.up()
    assert [stack.inspect(service)["State"]["StartedAt"] for service in SERVICES] == before


def test_it_lists_its_containers_and_shows_their_logs(stack: Stack) -> None:
    listed = stack.make("ps")
    assert listed.returncode == 0, listed.stderr
    assert all(f"{stack.project}-{service}" in listed.stdout for service in SERVICES)
    assert listed.stdout.count("(healthy)") == len(SERVICES)
    following = Terminal(["make", "logs"], ROOT, {**stack.env, "TERM": "dumb"})
    following.wait_for("sample.flac will be spoken")
    following.wait_for("Ready to accept connections")
    following.press(CTRL_C)
    following.exit_code()
    assert stack.container("streamer")


def test_what_is_logged_is_on_the_console_too(stack: Stack) -> None:
    printed = [line for line in stack.printed("streamer") if line.startswith("{")]
    assert "streamer.started" in {json.loads(line)["event"] for line in printed}
    kept = stack.inside("streamer", "cat", "/app/logs/webrtcsvr.log").splitlines()
    assert set(printed) <= set(kept)


@pytest.mark.parametrize("taken", ["PORT", "UDP_PORT"])
def test_a_port_that_is_taken_is_named(stack: Stack, other_stack: Stack, taken: str) -> None:
    done = other_stack.make("up", **{taken: stack.env[taken]})
    assert done.returncode != 0
    port = stack.env[taken]
    assert last_line(done.stderr) == (
        f"make up: port {port} is taken: choose another, `make up {taken}=...`"
    )
    assert not any(other_stack.container(service) for service in SERVICES)


def test_a_setting_that_is_wrong_is_named_and_nothing_goes_on(other_stack: Stack) -> None:
    done = other_stack.make("up", PREBUFFER="soon")
    assert done.returncode != 0
    assert "PREBUFFER=soon" in done.stderr
    assert last_line(done.stderr).startswith("make up: streamer does not stay up")
    assert not any(other_stack.container(service) for service in SERVICES)
