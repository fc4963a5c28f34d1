import asyncio

import pytest

from streamer.errors import InvalidSdp, NoMediaPath, TooManyListeners
from streamer.ice.mux import Mux
from streamer.offers import Offer, checked_sdp
from streamer.peers import Peers
from streamer.settings import Settings
from tests.conftest import becomes, run
from tests.streamer.browser import Browser
from tests.streamer.sdp import CHROMIUM
from tests.streamer.serving import parts

OFFER = Offer(checked_sdp(CHROMIUM), "default")


async def connected(peers: Peers, listener: Browser) -> None:
    sdp = checked_sdp((await listener.offer())["sdp"])
    answer = await peers.answer(Offer(sdp, "default"))
    await listener.accept({"sdp": answer.sdp, "type": "answer"})


def test_the_answer_to_a_browser_sends_opus_and_nothing_else(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            answer = await p.peers.answer(OFFER)
            lines = answer.sdp.splitlines()
            assert "a=sendonly" in lines
            assert "a=rtpmap:111 opus/48000/2" in lines
            assert not any("PCM" in line for line in lines)
            assert any(line.startswith("m=application ") for line in lines)
            assert p.peers.count == 1

    run(go())


def test_opus_is_sent_even_if_the_offer_would_rather_have_something_else(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            sdp = OFFER.sdp.replace("SAVPF 111 63 9 0 8", "SAVPF 0 8 9 63 111")
            lines = CHROMIUM.splitlines()
            opus, pcmu = (
                lines.index("a=rtpmap:111 opus/48000/2"),
                lines.index("a=rtpmap:0 PCMU/8000"),
            )
            lines[opus], lines[pcmu] = lines[pcmu], lines[opus]
            for text in (sdp, checked_sdp("\r\n".join(lines))):
                answer = await p.peers.answer(Offer(text, "default"))
                (audio,) = [line for line in answer.sdp.splitlines() if line.startswith("m=audio")]
                assert audio.endswith(" 111")

    run(go())


def test_nothing_is_received_from_a_listener_that_wants_to_send(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            audio, application = CHROMIUM.split("m=application")
            section = "m=audio" + audio.split("m=audio")[1]
            second = section.replace("a=mid:0", "a=mid:2").replace("recvonly", "sendonly")
            sends = audio.replace("recvonly", "sendrecv") + "m=application" + application + second
            answer = await p.peers.answer(Offer(checked_sdp(sends), "default"))
            directions = {"a=sendonly", "a=recvonly", "a=sendrecv", "a=inactive"}
            found = [line for line in answer.sdp.splitlines() if line in directions]
            assert found == ["a=sendonly", "a=inactive"]

    run(go())


def test_an_offer_that_aiortc_cannot_answer_is_refused_and_leaves_nothing(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            for old, new in (
                ("opus", "sopu"),
                ("a=ice-pwd", "a=ice-dwp"),
                ("a=setup:actpass", "a=setup:nonsense"),
                ("a=rtcp-mux", "a=rtcp"),
                ("m=audio 9", "m=audio x"),
            ):
                sdp = CHROMIUM.replace(old, new)
                with pytest.raises(InvalidSdp, match=r"sdp: cannot be answered: ."):
                    await p.peers.answer(Offer(checked_sdp(sdp), "default"))
            assert p.peers.count == 0
            assert p.routed == 0

    run(go())


def test_beyond_the_limit_offers_are_refused_until_a_place_is_free(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url, max_listeners=1) as p:
            listener = Browser()
            await connected(p.peers, listener)
            with pytest.raises(TooManyListeners, match="all 1 places"):
                await p.peers.answer(OFFER)
            await listener.pc.close()
            await becomes(lambda: p.peers.count == 0)
            await p.peers.answer(OFFER)

    run(go())


def test_an_offer_that_never_connects_is_freed(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url, connect_timeout=0.1) as p:
            await p.peers.answer(OFFER)
            assert p.peers.count == 1
            assert p.mux.routes.sizes["sessions"] == 1
            await becomes(lambda: p.peers.count == 0)
            assert p.routed == 0

    run(go())


def test_stopping_says_goodbye_and_takes_no_more(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            listener = Browser()
            await connected(p.peers, listener)
            await p.peers.close()
            assert p.peers.count == 0
            await becomes(lambda: listener.pc.connectionState == "closed")
            with pytest.raises(TooManyListeners, match="is stopping"):
                await p.peers.answer(OFFER)
            await listener.pc.close()

    run(go())


def test_a_listener_without_data_channel_is_ready_after_the_warm_up(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url, warmup=0.2) as p:
            listener = Browser(has_channel=False)
            await connected(p.peers, listener)
            audience = p.players.open("default").audience
            await becomes(lambda: audience.connected == 1)
            assert audience.ready == 0
            await becomes(lambda: audience.ready == 1)
            await listener.pc.close()
            await becomes(lambda: p.peers.count == 0)

    run(go())


def test_a_refused_offer_to_a_stranger_feed_lets_the_feed_go(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url, linger=0.0) as p:
            with pytest.raises(InvalidSdp):
                await p.peers.answer(Offer("v=0\r\nm=audio \r\n", "stranger"))
            await becomes(lambda: b"playhead_feeds 0.0" in p.metrics.render())

    run(go())


def test_a_session_is_found_until_it_is_hung_up(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            first, second = [await p.peers.answer(OFFER) for _ in range(2)]
            assert first.session != second.session
            assert p.peers.find("nobody") is None
            peer = p.peers.find(first.session)
            assert peer is not None and peer.offer == OFFER
            assert first.session not in peer.log_name
            await p.peers.hang_up(peer)
            assert p.peers.find(first.session) is None
            assert p.peers.find(second.session) is not None
            assert p.peers.count == 1

    run(go())


def test_without_an_address_to_announce_nothing_begins(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go() -> None:
        monkeypatch.setattr(Mux, "has_ipv6", False)
        async with parts(redis_url) as p:
            settings = Settings(announced_addresses="2001:db8::7")
            with pytest.raises(NoMediaPath, match="ANNOUNCED_ADDRESSES"):
                Peers(p.players, p.mux, settings, p.metrics)

    run(go())


@pytest.mark.parametrize("fault", ["hangs", "raises"])
def test_a_connection_that_cannot_be_closed_does_not_hold_up_the_others(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("streamer.peers.CLOSE_S", 0.1)

    async def go() -> None:
        async with parts(redis_url) as p:
            answer = await p.peers.answer(OFFER)
            peer = p.peers.find(answer.session)
            assert peer is not None
            stuck = peer.pc  # aiortc at fault, on purpose
            really = stuck.close

            async def close() -> None:
                if fault == "raises":
                    raise OSError("gone")
                await asyncio.sleep(60)

            monkeypatch.setattr(stuck, "close", close)
            await p.peers.answer(OFFER)
            await p.peers.close()
            assert p.peers.count == 0
            await really()

    run(go())
