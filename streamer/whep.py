"""WHEP, for players that are not our page (draft-ietf-wish-whep).

The endpoint is ``/whep/FEED``; a POST there makes a session, ``/whep/FEED/SESSION``. What the
draft leaves open: there is no ICE restart and no counter-offer, and a player need not log in.
"""

import hashlib
from typing import Final

from aiohttp import hdrs, web

from streamer import trickle
from streamer.cors import open_to_other_sites
from streamer.errors import (
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
from streamer.peer import Peer
from streamer.signalling import PEERS, answered

ROOT: Final = "/whep/"
SDP: Final = "application/sdp"

_ENDPOINT: Final = {"Allow": "GET, HEAD, OPTIONS, POST", "Accept-Post": SDP}
_SESSION: Final = {
    "Allow": "DELETE, GET, HEAD, OPTIONS, PATCH",
    "Accept-Patch": trickle.MEDIA_TYPE,
    # section 4.3: in the response to any OPTIONS
    "Accept-Post": SDP,
}


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
    open_to_other_sites(app, ROOT)


async def _get_endpoint(request: web.Request) -> web.Response:
    # section 4.1: a GET is answered with success and no content
    checked_feed(request.match_info["feed"])
    return web.Response(status=204)


async def _post(request: web.Request) -> web.Response:
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
    _find(request)
    return web.Response(status=204)


async def _patch(request: web.Request) -> web.Response:
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
