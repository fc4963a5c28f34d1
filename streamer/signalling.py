"""From an offer to its answer: the one way there, for every route that takes offers."""

from aiohttp import web
from multidict import CIMultiDict

from streamer.offers import Offer
from streamer.peers import Answer, Peers
from streamer.settings import Settings

PEERS = web.AppKey("peers", Peers)
SETTINGS = web.AppKey("settings", Settings)


async def answered(request: web.Request, offer: Offer) -> tuple[Answer, CIMultiDict[str]]:
    """Set up a connection.

    Returns:
        The answer, and the header fields to send with it: one ``Link`` for each ICE server.

    Raises:
        TooManyListeners: the limit is reached, or the process is stopping.
        InvalidSdp: aiortc cannot answer this offer.
    """
    answer = await request.app[PEERS].answer(offer, request.host)
    servers = request.app[SETTINGS].ice_servers
    return answer, CIMultiDict(("Link", server.link) for server in servers)
