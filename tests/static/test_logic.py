"""The page's pure modules, run in the browser they are for."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright

from tests.system.browser import chromium
from tests.system.origin import origin
from tests.system.programs import ROOT

pytestmark = pytest.mark.browser

UNKNOWN = "\N{EN DASH}"


@pytest.fixture(scope="module")
def page(playwright: Playwright) -> Iterator[Page]:
    """A page that can import the modules."""
    with origin(ROOT) as root, chromium(playwright) as browser:
        page = browser.new_page()
        page.goto(f"{root}/static/icon.svg")
        yield page


def run(page: Page, module: str, body: str) -> Any:
    """Import everything of a module and return what ``body`` returns."""
    return page.evaluate(f"async () => {{ const m = await import('/static/{module}.js'); {body} }}")


SAMPLES = """
const settles = (repairs) => {
  const readiness = new m.Readiness();
  for (let now_ms = 0; now_ms <= 10000; now_ms += 50) {
    const sample = {
      now_ms, packetsReceived: 1 + now_ms / 20, jitterBufferEmittedCount: now_ms * 48,
      removedSamplesForAcceleration: 0, insertedSamplesForDeceleration: 0, concealedSamples: 0,
    };
    if (readiness.push(repairs(sample))) return now_ms;
  }
  return null;
};
"""


def test_a_calm_jitter_buffer_has_settled_after_the_window(page: Page) -> None:
    at_ms, window_ms = run(page, "readiness", SAMPLES + "return [settles((s) => s), m.WINDOW_MS];")
    assert at_ms == window_ms


@pytest.mark.parametrize(
    "counter",
    ["removedSamplesForAcceleration", "insertedSamplesForDeceleration", "concealedSamples"],
)
def test_any_repair_starts_the_window_anew(page: Page, counter: str) -> None:
    at_ms, window_ms = run(
        page,
        "readiness",
        SAMPLES
        + f"return [settles((s) => ({{...s, {counter}: Math.min(s.now_ms, 1000)}})), m.WINDOW_MS];",
    )
    assert at_ms == 1000 + window_ms


def test_a_buffer_that_nobody_drains_has_not_settled(page: Page) -> None:
    at_ms, cap_ms = run(
        page,
        "readiness",
        SAMPLES + "return [settles((s) => ({...s, jitterBufferEmittedCount: 0})), m.CAP_MS];",
    )
    assert at_ms == cap_ms  # calm, but only because nothing is rendered


def test_a_path_that_never_rests_is_taken_as_it_is_after_the_cap(page: Page) -> None:
    at_ms, cap_ms = run(
        page,
        "readiness",
        SAMPLES + "return [settles((s) => ({...s, concealedSamples: s.now_ms})), m.CAP_MS];",
    )
    assert at_ms == cap_ms


def test_the_watchdog_gives_up_a_second_after_the_last_packet(page: Page) -> None:
    found = run(
        page,
        "watchdog",
        """
        const dog = new m.Watchdog(0);
        return [
          dog.push(9999, 0), dog.flowing,
          dog.push(9999, 5), dog.flowing,
          dog.push(10998, 5), dog.push(10999, 5), dog.push(90000, 6),
        ];
        """,
    )
    assert found == [False, False, False, True, False, True, False]


def test_the_watchdog_gives_up_without_a_first_packet(page: Page) -> None:
    body = "return new m.Watchdog(0).push(m.FIRST_PACKET_MS, 0);"
    assert run(page, "watchdog", body) is True


def test_waits_between_tries_double_up_to_a_cap_with_jitter(page: Page) -> None:
    body = "return [0, 1, 2, 9].flatMap((n) => [m.retryDelay_ms(n, 0), m.retryDelay_ms(n, 1)]);"
    assert run(page, "retry", body) == [125, 250, 250, 500, 500, 1000, 2500, 5000]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a=fmtp:111 minptime=10;useinbandfec=1", "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1"),
        ("a=fmtp:111 stereo=0", "a=fmtp:111 stereo=0"),
        ("a=ptime:20", "a=fmtp:111 stereo=1\r\na=ptime:20"),
    ],
)
def test_the_offer_asks_for_stereo(page: Page, before: str, after: str) -> None:
    rtpmap = "m=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\n"
    found = page.evaluate(
        "async (sdp) => (await import('/static/signalling.js')).askForStereo(sdp)",
        f"{rtpmap}{before}\r\n",
    )
    assert found == f"{rtpmap}{after}\r\n"


def test_ice_servers_are_read_from_links(page: Page) -> None:
    links = ", ".join(
        [
            '<stun:stun.example>; rel="ice-server"',
            '</style.css>; rel=preload; as="style"',
            '<turn:turn.example?transport=udp>; rel="ice-server"; username="a, <b>; c=\\"d\\\\";'
            ' credential="p"; credential-type="password"',
            "<stun:other.example>; REL=ice-server",
        ]
    )
    read = "async (links) => (await import('/static/signalling.js')).readIceServers(links)"
    assert page.evaluate(read, links) == [
        {"urls": "stun:stun.example"},
        {
            "urls": "turn:turn.example?transport=udp",
            "username": 'a, <b>; c="d\\',
            "credential": "p",
        },
        {"urls": "stun:other.example"},
    ]
    for nothing in (None, "", "junk", "<", '<stun:a>; rel="next"', "<stun:a>"):
        assert page.evaluate(read, nothing) == []


def test_the_table_names_what_it_shows_and_what_it_does_not_know(page: Page) -> None:
    empty = run(page, "stats", "return m.rows(null, null);")
    assert [row["label"] for row in empty] == [
        "Packets lost",
        "Jitter",
        "Jitter buffer",
        "Concealed samples",
        "Time-stretched",
        "Bitrate",
        "Round trip",
    ]
    assert {row["value"] for row in empty} == {UNKNOWN}
    body = """
    const sample = (n) => ({
      now_ms: 1000 * n, packetsReceived: 50 * n, packetsLost: 0, bytesReceived: 12000 * n,
      jitter_ms: 1, jitterBufferDelay: 3840 * n, jitterBufferEmittedCount: 48000 * n,
      totalSamplesReceived: 48000 * n, concealedSamples: 480 * n,
      removedSamplesForAcceleration: 0, insertedSamplesForDeceleration: 480, roundTrip_ms: null,
    });
    return m.rows(sample(1), sample(2)).map((row) => row.value);
    """
    assert run(page, "stats", body) == [
        "0",
        "1.0 ms",
        "80 ms",
        "960, now 1.0 %",
        "−0 ms, +10 ms",  # noqa: RUF001  # a minus sign, as shown
        "96.0 kbit/s",
        UNKNOWN,
    ]
