import pytest

from streamer.cors import PREFLIGHT_S
from tests.conftest import run
from tests.streamer.sdp import CHROMIUM
from tests.streamer.serving import site

ELSEWHERE = "https://elsewhere.example"
ENDPOINT = "/whep/default"
NOBODY = f"{ENDPOINT}/nobody"
PREFLIGHT = {
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "content-type,if-match",
}
REQUESTS = (
    ("POST", ENDPOINT, 201),
    ("GET", ENDPOINT, 204),
    ("PATCH", NOBODY, 404),
    ("DELETE", NOBODY, 404),
    ("PUT", NOBODY, 405),
    ("GET", "/whep/", 404),
)


@pytest.mark.parametrize(
    ("origin", "settings"),
    [
        ("http://localhost:3000", {}),
        (ELSEWHERE, {"allowed_origins": f"https://other.example, {ELSEWHERE}"}),
        (ELSEWHERE, {"allowed_origins": "*"}),
        ("null", {"allowed_origins": "*"}),
    ],
)
def test_a_site_that_is_allowed_may_send_and_read(
    redis_url: str, origin: str, settings: dict[str, str]
) -> None:
    async def go() -> None:
        async with site(redis_url, **settings) as s:
            for path in (ENDPOINT, NOBODY):
                headers = {"Origin": origin, **PREFLIGHT}
                async with s.http.options(path, headers=headers) as reply:
                    assert (reply.status, reply.headers["Vary"]) == (200, "Origin")
                    given = {n: v for n, v in reply.headers.items() if n.startswith("Access")}
                    assert given == {
                        "Access-Control-Allow-Origin": origin,
                        "Access-Control-Allow-Methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST",
                        "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
                        "Access-Control-Max-Age": str(PREFLIGHT_S),
                    }
            headers = {"Origin": origin, "Content-Type": "application/sdp"}
            for method, path, status in REQUESTS:
                async with s.http.request(method, path, data=CHROMIUM, headers=headers) as reply:
                    assert (reply.status, reply.headers["Vary"]) == (status, "Origin")
                    assert reply.headers["Access-Control-Allow-Origin"] == origin
                    exposed = reply.headers["Access-Control-Expose-Headers"].split(", ")
                    assert {"Location", "ETag", "Link", "Accept-Patch"} <= set(exposed)

    run(go())


@pytest.mark.parametrize(
    ("origin", "settings"),
    [
        (ELSEWHERE, {}),
        ("null", {}),
        ("http://localhost", {"allowed_origins": "https://other.example"}),
    ],
)
def test_any_other_site_is_refused_and_begins_nothing(
    redis_url: str, origin: str, settings: dict[str, str]
) -> None:
    async def go() -> None:
        async with site(redis_url, **settings) as s:
            async with s.http.options(ENDPOINT, headers={"Origin": origin, **PREFLIGHT}) as reply:
                assert (reply.status, reply.headers["Vary"]) == (200, "Origin")
                assert not any(name.startswith("Access") for name in reply.headers)
            headers = {"Origin": origin, "Content-Type": "application/sdp"}
            for method, path, _ in REQUESTS:
                async with s.http.request(method, path, data=CHROMIUM, headers=headers) as reply:
                    assert reply.status == 403
                    error = (await reply.json())["error"]
                    assert error["field"] == "Origin"
                    assert "ALLOWED_ORIGINS" in error["message"]
                    assert not any(name.startswith("Access") for name in reply.headers)
            assert s.peers.count == 0

    run(go())


def test_the_server_s_own_site_may_always(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url, allowed_origins=ELSEWHERE) as s:
            own = f"http://{s.http.host}:{s.http.port}"
            headers = {"Origin": own, "Content-Type": "application/sdp"}
            async with s.http.post(ENDPOINT, data=CHROMIUM, headers=headers) as reply:
                assert reply.status == 201

    run(go())


def test_what_is_for_the_page_is_for_no_other_site(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url, allowed_origins="*") as s:
            headers = {"Origin": ELSEWHERE, **PREFLIGHT}
            for path in ("/offer", "/metrics", "/"):
                async with s.http.options(path, headers=headers) as reply:
                    assert reply.status == 405
                    assert not any(name.startswith("Access") for name in reply.headers)

    run(go())
