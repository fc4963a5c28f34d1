"""What an offer must be, before aiortc sees it. Offers come from strangers."""

import json
from dataclasses import dataclass
from typing import Any

from feed.errors import InvalidFeedName
from feed.keys import checked_feed_name
from streamer.errors import InvalidRequest, InvalidSdp, UnknownFeed

MAX_BODY_BYTES = 65_536
"""Longest request body. A browser's audio offer has about 3 kB."""
MAX_SECTIONS = 4
"""Most media sections of an offer: each may cost a transport."""

_NOT_RECEIVING = frozenset({"a=sendonly", "a=inactive"})
_FIELDS = frozenset({"sdp", "type", "feed"})


@dataclass(frozen=True, slots=True)
class Offer:
    """An SDP offer for one feed, its candidates removed."""

    sdp: str
    feed: str

    @property
    def has_data_channel(self) -> bool:
        """Whether the peer will open a data channel, so can say when it is ready."""
        return "\nm=application" in self.sdp


def parse_offer(body: bytes, default_feed: str) -> Offer:
    """Read the JSON body of ``POST /offer``: ``{"sdp", "type"[, "feed"]}``.

    Raises:
        InvalidRequest: it is not JSON, or a field is missing, unknown or of the wrong kind.
        UnknownFeed: no feed can be called so.
        InvalidSdp: the SDP cannot be an offer to receive audio.
    """
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):  # untrusted text
        raise InvalidRequest("body", "is not JSON") from None
    if not isinstance(value, dict):
        raise InvalidRequest("body", "must be a JSON object with sdp and type")
    for name in sorted(value.keys() - _FIELDS):
        raise InvalidRequest(name[:40], f"unknown field; known are {', '.join(sorted(_FIELDS))}")
    if value.get("type") != "offer":
        raise InvalidRequest("type", 'must be "offer"')
    sdp, feed = value.get("sdp"), value.get("feed", default_feed)
    if not isinstance(sdp, str):
        raise InvalidRequest("sdp", "must be a string")
    if not isinstance(feed, str):
        raise InvalidRequest("feed", "must be a string")
    return checked_offer(sdp, feed)


def checked_offer(sdp: str, feed: str) -> Offer:
    """Return the offer of ``sdp`` for ``feed``: what every route that takes offers goes by.

    Raises:
        UnknownFeed: no feed can be called so.
        InvalidSdp: the SDP cannot be an offer to receive audio.
    """
    checked_feed(feed)
    return Offer(checked_sdp(sdp), feed)


def checked_feed(name: str) -> str:
    """Return ``name``, if a feed can be called so.

    Raises:
        UnknownFeed: if not.
    """
    try:
        return checked_feed_name(name)
    except InvalidFeedName as error:
        raise UnknownFeed("feed", str(error).removeprefix("feed: ")) from None


def checked_sdp(sdp: str) -> str:
    """Return an SDP offer without its candidates.

    The browser is learned as a peer-reflexive candidate: mDNS names would cost a second
    to resolve, and an end-of-candidates makes aioice 0.13 fail at once.

    Raises:
        InvalidSdp: it is no SDP, or has no audio to send to.
    """
    # as aiortc does: cut at less, a candidate behind a lone CR or a form feed would slip through
    lines = sdp.splitlines()
    if not lines or lines[0] != "v=0":
        raise InvalidSdp("does not begin with v=0")
    starts = [i for i, line in enumerate(lines) if line.startswith("m=")]
    if len(starts) > MAX_SECTIONS:
        raise InvalidSdp(f"has {len(starts)} media sections, at most {MAX_SECTIONS} are served")
    audio = next((i for i in starts if lines[i].startswith("m=audio ")), None)
    if audio is None:
        raise InvalidSdp("offers no audio")
    end = next((i for i in starts if i > audio), len(lines))
    if not _NOT_RECEIVING.isdisjoint(lines[audio:end]):
        raise InvalidSdp("its audio section does not ask to receive")
    if not any(line.startswith("a=fingerprint:") for line in lines):
        raise InvalidSdp("has no fingerprint")
    kept = (line for line in lines if not line.startswith(("a=candidate", "a=end-of-candidates")))
    return "".join(f"{line}\r\n" for line in kept)
