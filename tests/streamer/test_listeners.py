import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.events import Listeners
from streamer.listeners import MAX_MESSAGE_CHARS, Audience, parse_message


@pytest.mark.parametrize("kind", ["listener.ready", "listener.paused"])
def test_the_two_messages_are_understood(kind: str) -> None:
    assert parse_message(json.dumps({"type": kind, "more": [1]})) == kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ready",
        "null",
        "[]",
        "7",
        '"listener.ready"',
        '{"type": null}',
        '{"type": ["listener.ready"]}',
        '{"type": "listener.gone"}',
        b'{"type": "listener.ready"}',
        None,
        "[" * 1_900,
        json.dumps({"type": "listener.ready", "x": "x" * MAX_MESSAGE_CHARS}),
    ],
)
def test_anything_else_is_nothing(text: object) -> None:
    assert parse_message(text) is None


@given(st.text() | st.binary())
def test_no_text_raises(text: object) -> None:
    assert parse_message(text) is None


def test_who_joins_is_connected_and_not_ready() -> None:
    audience = Audience()
    assert audience.join("a") == Listeners(ready=0, connected=1)
    assert audience.join("b") == Listeners(ready=0, connected=2)
    assert (audience.ready, audience.connected) == (0, 2)


def test_a_change_of_readiness_is_an_event_and_no_change_is_none() -> None:
    audience = Audience()
    audience.join("a")
    assert audience.set_ready("a", False) is None
    assert audience.set_ready("a", True) == Listeners(ready=1, connected=1)
    assert audience.set_ready("a", True) is None
    assert audience.set_ready("a", False) == Listeners(ready=0, connected=1)


def test_who_leaves_counts_no_more() -> None:
    audience = Audience()
    audience.join("a")
    audience.set_ready("a", True)
    assert audience.leave("a") == Listeners(ready=0, connected=0)


@pytest.mark.parametrize("ready", [True, False])
def test_strangers_change_nothing(ready: bool) -> None:
    audience = Audience()
    assert audience.set_ready("nobody", ready) is None
    assert audience.leave("nobody") is None
    assert (audience.ready, audience.connected) == (0, 0)
