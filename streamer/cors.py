"""Requests from the pages of other sites (CORS, Fetch section 3.3): who may, and what they see."""

from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from streamer.errors import ForeignOrigin
from streamer.signalling import SETTINGS

PREFLIGHT_S: Final = 7_200
"""How long a browser may remember what it is allowed; Chromium does for 2 h at most."""

_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST",
    # Authorization: players send a token if they are given one, and a proxy may want it
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": str(PREFLIGHT_S),
}
_EXPOSED: Final = "Accept-Patch, Accept-Post, Allow, ETag, Link, Location, Retry-After"


def open_to_other_sites(app: web.Application, root: str) -> None:
    """Let the sites of ``ALLOWED_ORIGINS`` use what is under ``root``, and no other site."""

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        # A browser would only keep the answer from the script: nothing should begin either,
        # and the reason should stand where whoever built the site looks for it
        if (
            request.path.startswith(root)
            and request.method != hdrs.METH_OPTIONS
            and hdrs.ORIGIN in request.headers
            and not _is_allowed(request)
        ):
            raise ForeignOrigin("Origin", "may not play from here; ALLOWED_ORIGINS says which may")
        return await handler(request)

    async def explain(request: web.Request, response: web.StreamResponse) -> None:
        """Let the script read the answer; errors too, a player wants to know them."""
        if not request.path.startswith(root):
            return
        response.headers[hdrs.VARY] = hdrs.ORIGIN
        if hdrs.ORIGIN not in request.headers or not _is_allowed(request):
            return
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = request.headers[hdrs.ORIGIN]
        if request.method == hdrs.METH_OPTIONS:
            response.headers.update(_PREFLIGHT)
        else:
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED

    app.middlewares.append(refuse)
    app.on_response_prepare.append(explain)


def _is_allowed(request: web.Request) -> bool:
    allowed = request.app[SETTINGS].allowed_origins
    return allowed.allow(request.headers[hdrs.ORIGIN], request.host)
