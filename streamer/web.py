"""HTTP: the page, signalling, health and metrics."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import hdrs, web

from streamer import whep
from streamer.errors import InvalidRequest, Refused
from streamer.health import Health
from streamer.metrics import Metrics
from streamer.offers import MAX_BODY_BYTES, parse_offer
from streamer.peers import Peers
from streamer.settings import Settings
from streamer.signalling import PEERS, SETTINGS, answered

STATIC = Path(__file__).parent.parent / "static"
HEADERS = {
    # the page needs nothing from elsewhere, and may not be framed
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

METRICS = web.AppKey("metrics", Metrics)
HEALTH = web.AppKey("health", Health)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(peers: Peers, metrics: Metrics, health: Health, settings: Settings) -> web.Application:
    """Return the application: every route, errors as JSON."""
    app = web.Application(middlewares=[_errors_as_json], client_max_size=MAX_BODY_BYTES)
    app[PEERS], app[METRICS], app[HEALTH], app[SETTINGS] = peers, metrics, health, settings
    app.router.add_get("/", _page)
    app.router.add_static("/static", STATIC)
    app.router.add_post("/offer", _offer)
    whep.add_routes(app)
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)
    app.on_response_prepare.append(_add_headers)
    return app


async def _page(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "index.html")


async def _offer(request: web.Request) -> web.Response:
    # a page of another site cannot send this type without asking first (CORS preflight)
    if request.content_type != "application/json":
        raise InvalidRequest("Content-Type", "must be application/json")
    offer = parse_offer(await request.read(), request.app[SETTINGS].feed)
    answer, headers = await answered(request, offer)
    return web.json_response({"sdp": answer.sdp, "type": "answer"}, headers=headers)


async def _healthz(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _readyz(request: web.Request) -> web.Response:
    if request.app[HEALTH].redis:
        return web.json_response({"status": "ready"})
    return _error(503, "redis", "is not reachable; playback goes on with what has been read")


async def _metrics(request: web.Request) -> web.Response:
    return web.Response(
        body=request.app[METRICS].render(),
        headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
    )


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as error:
        if request.method == hdrs.METH_POST:  # else it is about a session that there is
            request.app[METRICS].refused.labels(type(error).__name__).inc()
        response = _error(error.status, error.field, error.message)
        if error.retry_after_s is not None:
            response.headers[hdrs.RETRY_AFTER] = str(error.retry_after_s)
        return response
    except web.HTTPRequestEntityTooLarge:
        return _error(413, "body", f"is larger than {MAX_BODY_BYTES} bytes")
    except web.HTTPError as error:
        response = _error(error.status, "path", f"{request.method} {request.path}: {error.reason}")
        if hdrs.ALLOW in error.headers:  # RFC 9110 section 15.5.6: a 405 says what is allowed
            response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return response


def _error(status: int, field: str, message: str) -> web.Response:
    body = {"error": {"field": field, "message": message}}
    return web.json_response(body, status=status)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
