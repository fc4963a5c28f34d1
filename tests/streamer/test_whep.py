"""WHEP against the draft's requests and responses, and with aiortc as the player."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientResponse

from streamer.offers import MAX_BODY_BYTES
from tests.conftest import becomes, run
from tests.streamer.browser import Browser
from tests.streamer.sdp import CHROMIUM, body
from tests.streamer.serving import Site, site

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
ENDPOINT = "/whep/default"

OFFER = CHROMIUM.split("m=application")[0].replace("BUNDLE 0 1", "BUNDLE 0")
"""A player's: audio to receive, no data channel."""
TRICKLE = """\
a=ice-ufrag:8hhY
a=ice-pwd:asd88fgpdd777uzjYhagZg0c
m=audio 9 UDP/TLS/RTP/SAVPF 0
a=mid:0
a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag 8hhY
a=end-of-candidates
""".replace("\n", "\r\n")
RESTART = TRICKLE.replace("8hhY", "ysXw").replace("asd88fgpdd777uzjYhagZg0c", "v" * 24)


async def posted(s: Site, offer: str = OFFER, **headers: str) -> tuple[str, str]:
    """Begin a session; return its path and its entity-tag."""
    async with s.http.post(ENDPOINT, data=offer, headers={"Content-Type": SDP, **headers}) as reply:
        assert reply.status == 201, await reply.text()
        return reply.headers["Location"], reply.headers["ETag"]


@dataclass(frozen=True)
class Row:
    """A request, and what the draft says of the response."""

    says: str
    """The section, and its words; RFC numbers where it defers to them."""
    method: str
    path: str
    """``SESSION`` stands for the path of a session that is there."""
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    """``TAG`` stands for the session's entity-tag."""
    data: str | bytes | None = None
    error: str | None = None
    """The field that the JSON error names."""
    fields: dict[str, str] = field(default_factory=dict)
    """What the header fields of the response must be."""


def post(says: str, status: int, **changes: Any) -> Row:
    given = {"headers": {"Content-Type": SDP}, "data": OFFER, **changes}
    return Row(says, "POST", given.pop("path", ENDPOINT), status, **given)


def patch(says: str, status: int, if_match: str | None = "TAG", **changes: Any) -> Row:
    headers = {"Content-Type": FRAGMENT}
    if if_match is not None:
        headers["If-Match"] = if_match
    given = {"headers": headers, "data": TRICKLE, **changes}
    return Row(says, "PATCH", given.pop("path", "SESSION"), status, **given)


def of_type(media_type: str, **others: str) -> dict[str, str]:
    return {"Content-Type": media_type, **others}


TABLE = [
    # setting up
    post(
        '4.2: return a "201 Created" response with a content type of "application/sdp"',
        201,
        fields={"Content-Type": SDP, "Accept-Patch": FRAGMENT, "Vary": "Origin"},
    ),
    post(
        "4.2: sendrecv may be offered instead of recvonly",
        201,
        data=OFFER.replace("recvonly", "sendrecv"),
    ),
    post(
        "RFC 9110 8.3.1: media types are not case-sensitive, and may have parameters",
        201,
        headers=of_type("Application/SDP; charset=utf-8"),
    ),
    post(
        "RFC 9110 12.5.1: without the type of the answer left out, it is sent",
        201,
        headers=of_type(SDP, Accept="text/html, application/*;q=0.5"),
    ),
    post(
        'RFC 9110 15.5.7: "406 Not Acceptable"; a counter-offer (4.2) would have an SDP body',
        406,
        headers=of_type(SDP, Accept="application/json"),
        error="Accept",
        fields={"Content-Type": "application/json; charset=utf-8"},
    ),
    post(
        '4.2: "has a content type different than application/sdp ... MUST reject"',
        415,
        headers=of_type("application/json"),
        data=body(OFFER),
        error="Content-Type",
    ),
    post(
        "4.2: the same, of a type that another site may send unasked",
        415,
        headers=of_type("text/plain"),
        error="Content-Type",
    ),
    post('4.2: "or the SDP is malformed ... MUST reject"', 400, data="v=1", error="sdp"),
    post("4.2: the same, with no body at all", 400, data="", error="sdp"),
    post("4.2: the same, not text", 400, data=b"v=0\xff", error="sdp"),
    post(
        '4.2: "inactive" and "sendonly" attributes MUST NOT be used',
        400,
        data=OFFER.replace("recvonly", "sendonly"),
        error="sdp",
    ),
    post("4.2: the same", 400, data=OFFER.replace("recvonly", "inactive"), error="sdp"),
    post(
        "4.2: an offer that the server cannot answer, as it has no Opus",
        400,
        data=OFFER.replace("opus", "sopu"),
        error="sdp",
    ),
    post("no feed can be called so", 422, path="/whep/a%20b", error="feed"),
    post("no feed can be called so", 422, path="/whep/a%2Fb", error="feed"),
    post("no feed can be called so", 422, path="/whep/%7Ba%7D", error="feed"),
    post(
        "RFC 9110 15.5.14: the body is too large",
        413,
        data="v=0\r\n" + " " * MAX_BODY_BYTES,
        error="body",
    ),
    # trickle ICE
    patch('4.4.2: adds new ICE candidates ... MUST return a "204 No Content" response', 204),
    patch("RFC 9110 13.1.1: If-Match may be a list", 204, 'W/"weak", "other", TAG'),
    patch("RFC 9110 13.1.1: If-Match may be the star", 204, "*"),
    patch(
        "RFC 8840 4.4: no candidates, but their end",
        204,
        data=TRICKLE.replace(TRICKLE.splitlines()[4] + "\r\n", ""),
    ),
    patch(
        "4.4.2: not able to resolve the connection address, it MUST silently discard",
        204,
        data=TRICKLE.replace("192.0.2.1", "0b1c9a9e.local"),
    ),
    patch(
        "4.4.2: does not support a candidate transport, it MUST silently discard",
        204,
        data=TRICKLE.replace("udp", "tcp"),
    ),
    patch(
        '4.4.1: a "428 Precondition Required" response for a missing entity tag',
        428,
        None,
        error="If-Match",
    ),
    patch(
        '4.4.1: a "412 Precondition Failed" response for a non-matching entity tag',
        412,
        '"outdated"',
        error="If-Match",
    ),
    patch("RFC 9110 13.1.1: comparison is strong", 412, "W/TAG", error="If-Match"),
    patch(
        "4.4.1: a content type different than application/trickle-ice-sdpfrag ... MUST reject",
        415,
        headers=of_type(SDP, **{"If-Match": "TAG"}),
        error="Content-Type",
    ),
    patch(
        "4.4.1: the SDP fragment is malformed ... MUST reject",
        400,
        data="a=ice-ufrag:8hhY\r\n",
        error="sdpfrag",
    ),
    patch("RFC 9110 15.5.14: too large", 413, data="a" * (MAX_BODY_BYTES + 1), error="body"),
    patch("there is no such session", 404, path=f"{ENDPOINT}/nobody", error="session"),
    # ICE restarts
    patch(
        '4.4.1: not both ... MUST return a "422 Unprocessable Content"; 4.4.3: If-Match "*"',
        422,
        "*",
        data=RESTART,
        error="sdpfrag",
    ),
    patch("4.4.3: the star as its example writes it", 422, '"*"', data=RESTART, error="sdpfrag"),
    patch(
        "4.4.3: updated credentials MUST be considered as performing an ICE restart",
        422,
        data=RESTART,
        error="sdpfrag",
    ),
    # termination
    Row('4.3, figure 1: DELETE, then "200 OK"', "DELETE", "SESSION", 200),
    Row(
        "4.4.1: MUST ignore any entity-tag value ... as in the HTTP DELETE request",
        "DELETE",
        "SESSION",
        200,
        {"If-Match": '"outdated"'},
    ),
    Row("there is no such session", "DELETE", f"{ENDPOINT}/nobody", 404, error="session"),
    Row("it is a session of another feed", "DELETE", "/whep/other/ID", 404, error="session"),
    # what there is no representation of
    Row("4.1: a 2XX successful response with no content when a GET", "GET", ENDPOINT, 204),
    Row("4.1: the same", "GET", "SESSION", 204),
    Row("RFC 9110 9.3.2: HEAD as GET", "HEAD", "SESSION", 204),
    Row("no feed can be called so", "GET", "/whep/a%20b", 422, error="feed"),
    Row("there is no such session", "GET", f"{ENDPOINT}/nobody", 404, error="session"),
    # OPTIONS and other methods
    Row(
        '4.3: "200 OK" response to any OPTIONS request SHOULD include an "Accept-Post"',
        "OPTIONS",
        ENDPOINT,
        200,
        fields={"Accept-Post": SDP, "Allow": "GET, HEAD, OPTIONS, POST", "Vary": "Origin"},
    ),
    Row(
        "RFC 5789 3.1: Accept-Patch in the response to OPTIONS",
        "OPTIONS",
        "SESSION",
        200,
        fields={
            "Accept-Post": SDP,
            "Accept-Patch": FRAGMENT,
            "Allow": "DELETE, GET, HEAD, OPTIONS, PATCH",
        },
    ),
    Row("4.3: to any OPTIONS request", "OPTIONS", f"{ENDPOINT}/nobody", 200),
    Row(
        "RFC 9110 15.5.6: 405 says what is allowed",
        "PUT",
        ENDPOINT,
        405,
        error="path",
        fields={"Allow": "GET,HEAD,OPTIONS,POST"},
    ),
    Row(
        "RFC 9110 15.5.6: the same",
        "POST",
        "SESSION",
        405,
        of_type(SDP),
        error="path",
        fields={"Allow": "DELETE,GET,HEAD,OPTIONS,PATCH"},
    ),
    Row("there is nothing there", "GET", "/whep/", 404, error="path"),
    Row("there is nothing there", "GET", f"{ENDPOINT}/ID/more", 404, error="path"),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.method} {row.status} {row.says}")
def test_the_draft_s_responses(redis_url: str, row: Row) -> None:
    async def go() -> None:
        async with site(redis_url) as s:
            path, tag = await posted(s)
            headers = {name: value.replace("TAG", tag) for name, value in row.headers.items()}
            at = row.path.replace("SESSION", path).replace("ID", path.rsplit("/", 1)[1])
            request = s.http.request(row.method, at, data=row.data, headers=headers)
            async with request as reply:
                assert reply.status == row.status, await reply.text()
                await check(reply, row)
            # only a DELETE ends a session: a request that is refused does not (4.4.3)
            expected = {"DELETE": 0, "POST": 2}.get(row.method, 1) if row.error is None else 1
            assert s.peers.count == expected

    run(go())


async def check(reply: ClientResponse, row: Row) -> None:
    assert "ETag" not in reply.headers or row.status == 201
    for name, value in row.fields.items():
        assert reply.headers[name] == value
    if row.error is not None:
        error = (await reply.json())["error"]
        assert error["field"] == row.error
        assert error["message"]
    elif row.status == 201:
        answer = (await reply.text()).splitlines()
        # 4.2: the WHEP endpoint MUST use "sendonly" attribute in the SDP answer
        assert "a=sendonly" in answer
        # 4.4.2: SHALL contain the full list of ICE candidates of the media server
        assert any(line.startswith("a=candidate:") for line in answer)
        # 4.5.2: all "m=" sections MUST contain an "msid" attribute
        assert any(line.startswith("a=msid:") for line in answer)
    else:
        assert await reply.read() == b""


def test_a_player_that_offers_video_too_hears(redis_url: str) -> None:
    """4.5.1: max-bundle, so the second section is bundle-only."""
    video = OFFER.split("m=audio")[1].split("a=rtpmap", maxsplit=1)[0]
    video = video.replace(" 9 ", "m=video 0 ", 1).replace("111 63 9 0 8 13 110 126", "96")
    video = video.replace("a=mid:0", "a=bundle-only\r\na=mid:1") + "a=rtpmap:96 VP8/90000\r\n"
    offer = OFFER.replace("BUNDLE 0", "BUNDLE 0 1") + video

    async def go() -> None:
        async with site(redis_url) as s:
            reply = await s.http.post(ENDPOINT, data=offer, headers=of_type(SDP))
            assert reply.status == 201
            lines = (await reply.text()).splitlines()
            directions = [each for each in lines if each in {"a=sendonly", "a=inactive"}]
            assert directions == ["a=sendonly", "a=inactive"]

    run(go())


def test_sessions_and_their_tags_are_unique_and_the_tag_tells_nothing_of_the_session(
    redis_url: str,
) -> None:
    async def go() -> None:
        async with site(redis_url) as s:
            found = [await posted(s) for _ in range(5)]
            assert len({path for path, _ in found}) == len({tag for _, tag in found}) == 5
            for path, tag in found:
                feed, session = path.removeprefix("/whep/").split("/")
                assert (feed, len(bytes.fromhex(session))) == ("default", 16)
                assert tag[0] == tag[-1] == '"'
                assert tag.strip('"') not in session

    run(go())


def test_an_aiortc_player_hears_trickles_and_hangs_up(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url, warmup=0.1) as s:
            player = Browser(has_channel=False)
            offer = (await player.offer())["sdp"]
            async with s.http.post(ENDPOINT, data=offer, headers=of_type(SDP)) as reply:
                assert reply.status == 201
                path, tag = reply.headers["Location"], reply.headers["ETag"]
                answer = await reply.text()
            await player.accept({"sdp": answer, "type": "answer"})
            await player.hears(10)
            audience = s.players.open("default").audience
            await becomes(lambda: audience.ready == 1)
            assert {packet.payload_type for packet in player.packets} == {96}

            lines = offer.splitlines()
            wanted = ("m=audio", "a=mid:", "a=ice-ufrag", "a=ice-pwd", "a=candidate")
            fragment = "\r\n".join(line for line in lines if line.startswith(wanted))
            headers = of_type(FRAGMENT, **{"If-Match": tag})
            async with s.http.patch(path, data=fragment, headers=headers) as reply:
                assert reply.status == 204, await reply.text()
            headers["If-Match"] = "*"
            restart = fragment.replace("a=ice-ufrag:", "a=ice-ufrag:new")
            async with s.http.patch(path, data=restart, headers=headers) as reply:
                assert reply.status == 422
            await player.hears(10)

            async with s.http.delete(path) as reply:
                assert reply.status == 200
            assert (audience.ready, audience.connected, s.peers.count) == (0, 0, 0)
            metrics = s.metrics.render()
            assert b"playhead_listeners_connected 0.0" in metrics
            assert b"playhead_listeners_ready 0.0" in metrics
            await becomes(lambda: player.pc.connectionState == "closed")
            async with s.http.delete(path) as reply:
                assert reply.status == 404
            await player.pc.close()

    run(go())
