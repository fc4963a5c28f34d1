"""WHEP, for players that are not our page (draft-ietf-wish-whep).

The endpoint is ``/whep/FEED``; a POST there makes a session, ``/whep/FEED/SESSION``. What the
draft leaves open: there is no ICE restart and no counter-offer, and a player need not log in.
"""

import hashlib
from typing import Final

from aiohttp import hdrs, web

from streamer import trickle
from streamer.errors import (
    ForeignOrigin,
    InvalidSdp,
    NoIceRestart,
    NotAcceptable,
    TagMismatch,
    TagRequired,
    UnknownSession,
    WrongType,
)
from streamer.headers import accepts, matches
from streamer.offers import checked_feed, checked_offer
from streamer.peers import Peer
from streamer.signalling import PEERS, SETTINGS, answered

ROOT: Final = "/whep/"
SDP: Final = "application/sdp"

PREFLIGHT_S: Final = 7_200
"""How long a browser may remember what other sites are allowed; Chromium does for 2 h at most."""

_ENDPOINT: Final = {"Allow": "GET, HEAD, OPTIONS, POST", "Accept-Post": SDP}
_SESSION: Final = {
    "Allow": "DELETE, GET, HEAD, OPTIONS, PATCH",
    "Accept-Patch": trickle.MEDIA_TYPE,
    # section 4.3: in the response to any OPTIONS
    "Accept-Post": SDP,
}
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST",
    # Authorization: players send a token if they are given one, and a proxy may want it
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": str(PREFLIGHT_S),
}
_EXPOSED: Final = "Accept-Patch, Accept-Post, Allow, ETag, Link, Location, Retry-After"


def add_routes(app: web.Application) -> None:
    """Add the endpoint and the sessions; ``app`` holds the keys of ``signalling``."""
    endpoint, session = ROOT + "{feed:[^/]+}", ROOT + "{feed:[^/]+}/{session:[^/]+}"
    app.router.add_get(endpoint, _get_endpoint)
    app.router.add_post(endpoint, _post)
    app.router.add_options(endpoint, _options_endpoint)
    app.router.add_get(session, _get_session)
    app.router.add_patch(session, _patch)
    app.router.add_delete(session, _delete)
    app.router.add_options(session, _options_session)
    app.on_response_prepare.append(_let_other_sites_read)


async def _get_endpoint(request: web.Request) -> web.Response:
    # section 4.1: a GET is answered with success and no content
    _check_origin(request)
    checked_feed(request.match_info["feed"])
    return web.Response(status=204)


async def _post(request: web.Request) -> web.Response:
    _check_origin(request)
    _check_type(request, SDP)
    if not accepts(_field(request, hdrs.ACCEPT), SDP):
        # With an SDP body it would be a counter-offer (section 4.2), which we never make:
        # an offer that cannot be answered is a 400
        raise NotAcceptable("Accept", f"leaves out {SDP}, the type of the answer")
    try:
        sdp = (await request.read()).decode()
    except UnicodeDecodeError:  # untrusted bytes
        raise InvalidSdp("is not text") from None
    feed = request.match_info["feed"]
    answer, headers = await answered(request, checked_offer(sdp, feed))
    headers["Location"] = f"{ROOT}{feed}/{answer.session}"
    headers["ETag"] = _tag(answer.session)
    headers["Accept-Patch"] = trickle.MEDIA_TYPE
    return web.Response(status=201, body=answer.sdp.encode(), content_type=SDP, headers=headers)


async def _options_endpoint(request: web.Request) -> web.Response:
    return web.Response(headers=_ENDPOINT)


async def _get_session(request: web.Request) -> web.Response:
    _check_origin(request)
    _find(request)
    return web.Response(status=204)


async def _patch(request: web.Request) -> web.Response:
    _check_origin(request)
    peer = _find(request)
    _check_type(request, trickle.MEDIA_TYPE)
    if_match = _field(request, hdrs.IF_MATCH)
    if if_match is None:
        raise TagRequired("If-Match", "is missing: name the ICE session by its ETag")
    if not matches(if_match, _tag(peer.session)):
        raise TagMismatch("If-Match", "names another ICE session")
    named = trickle.parse_fragment(await request.read())
    # section 4.4.3: other credentials ask for an ICE restart, whatever else is said
    if not named <= trickle.ice_credentials(peer.offer.sdp.splitlines()):
        raise NoIceRestart("sdpfrag", "ICE restarts are not supported; the session goes on")
    return web.Response(status=204)


async def _delete(request: web.Request) -> web.Response:
    # section 4.4.1: an entity-tag is not looked at
    _check_origin(request)
    await request.app[PEERS].hang_up(_find(request))
    return web.Response()


async def _options_session(request: web.Request) -> web.Response:
    return web.Response(headers=_SESSION)


def _find(request: web.Request) -> Peer:
    peer = request.app[PEERS].find(request.match_info["session"])
    if peer is None or peer.offer.feed != request.match_info["feed"]:
        raise UnknownSession("session", "is not there, or has ended")
    return peer


def _tag(session: str) -> str:
    """Return the entity-tag of a session's ICE session: there is one, as it cannot restart."""
    return f'"{hashlib.blake2s(session.encode(), digest_size=8).hexdigest()}"'


def _check_type(request: web.Request, media_type: str) -> None:
    if request.content_type != media_type:
        raise WrongType("Content-Type", f"must be {media_type}")


def _field(request: web.Request, name: str) -> str | None:
    """Return a field that is a list, its lines joined (RFC 9110 section 5.3)."""
    lines = request.headers.getall(name, [])
    return ", ".join(lines) if lines else None


def _is_allowed(request: web.Request, origin: str) -> bool:
    return request.app[SETTINGS].allowed_origins.allow(origin, request.host)


def _check_origin(request: web.Request) -> None:
    # A browser would only keep the answer from the script: nothing should begin either,
    # and the reason should stand where whoever built the site looks for it
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and not _is_allowed(request, origin):
        raise ForeignOrigin("Origin", "may not play from here; ALLOWED_ORIGINS says which may")


async def _let_other_sites_read(request: web.Request, response: web.StreamResponse) -> None:
    """Add what Fetch asks for (section 3.3), to errors too: a player wants to know them."""
    if not request.path.startswith(ROOT):
        return
    response.headers[hdrs.VARY] = hdrs.ORIGIN
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or not _is_allowed(request, origin):
        return
    response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    if request.method == hdrs.METH_OPTIONS:
        response.headers.update(_PREFLIGHT)
    else:
        response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED
