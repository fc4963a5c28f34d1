"""What both routes that take offers say alike."""

from tests.conftest import run
from tests.streamer.sdp import CHROMIUM, body
from tests.streamer.serving import site

SERVERS = (
    '[{"urls": ["stun:stun.example", "turn:turn.example"],'
    ' "username": "user", "credential": "a;\\"b"}]'
)
LINKS = [
    '<stun:stun.example>; rel="ice-server"',
    '<turn:turn.example>; rel="ice-server"; username="user"; credential="a;\\"b";'
    ' credential-type="password"',
]
BY_ROUTE = (
    ("/offer", {"Content-Type": "application/json"}, body()),
    ("/whep/default", {"Content-Type": "application/sdp"}, CHROMIUM.encode()),
)


def test_ice_servers_are_told_with_the_answer_and_nowhere_else(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url, ice_servers=SERVERS) as s:
            for path, headers, data in BY_ROUTE:
                async with s.http.post(path, data=data, headers=headers) as reply:
                    assert reply.ok
                    assert reply.headers.getall("Link") == LINKS
                async with s.http.post(path, data="", headers=headers) as reply:
                    assert reply.status == 400
                    assert "Link" not in reply.headers
            async with s.http.options("/whep/default") as reply:
                assert "Link" not in reply.headers

    run(go())


def test_without_ice_servers_there_is_no_link(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url) as s:
            for path, headers, data in BY_ROUTE:
                async with s.http.post(path, data=data, headers=headers) as reply:
                    assert "Link" not in reply.headers

    run(go())


def test_too_many_are_told_when_to_come_again(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url, max_listeners=1) as s:
            (path, headers, data), _ = BY_ROUTE
            async with s.http.post(path, data=data, headers=headers) as reply:
                assert reply.ok
            for path, headers, data in BY_ROUTE:
                async with s.http.post(path, data=data, headers=headers) as reply:
                    # draft-ietf-wish-whep 4.6 has it so
                    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
                    assert (await reply.json())["error"]["field"] == "listeners"
            refused = 'playhead_offers_refused_total{error="TooManyListeners"} 2.0'
            assert refused in s.metrics.render().decode()

    run(go())
