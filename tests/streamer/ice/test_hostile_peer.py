"""A listener that knows its session's passwords and sends what it likes: only it may suffer."""

import asyncio
from typing import Any

from aioice import stun
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamer import privates
from streamer.ice.routes import MAX_ADDRESSES
from streamer.offers import Offer, checked_sdp
from tests.conftest import run
from tests.streamer.browser import Browser
from tests.streamer.sdp import CHROMIUM
from tests.streamer.serving import Parts, parts

ADDRESSES = [("127.0.0.1", port) for port in range(1, 2 * MAX_ADDRESSES)]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "PRIORITY": st.integers(0, 2**32 - 1),
    "USE-CANDIDATE": st.none(),
    "ICE-CONTROLLED": st.integers(0, 2**64 - 1),
    "ICE-CONTROLLING": st.integers(0, 2**64 - 1),
    "ERROR-CODE": st.tuples(st.integers(300, 699), st.text(max_size=20)),
    "XOR-MAPPED-ADDRESS": st.sampled_from([*ADDRESSES, ("::1", 9)]),
    "SOFTWARE": st.text(max_size=20),
    "LIFETIME": st.integers(0, 2**32 - 1),
}
attributes = st.dictionaries(st.sampled_from(sorted(VALUES)), st.none(), max_size=6).flatmap(
    lambda names: st.fixed_dictionaries({name: VALUES[name] for name in names})
)
datagrams = st.tuples(
    st.sampled_from(ADDRESSES),
    st.sampled_from(list(stun.Class)),
    st.sampled_from([stun.Method.BINDING, stun.Method.BINDING, stun.Method.ALLOCATE]),
    attributes,
    st.sampled_from([":8hhY", ":other", ""]),
    st.binary(max_size=40),
)


def genuine(
    session: Any,
    kind: stun.Class,
    method: stun.Method,
    given_attributes: dict[str, Any],
    theirs: str,
) -> bytes:
    """A message with the right password, and anything else in it."""
    message = stun.Message(method, kind)
    message.attributes["USERNAME"] = session.local_username + theirs
    message.attributes |= given_attributes
    password = session.local_password if kind is stun.Class.REQUEST else session.remote_password
    message.add_message_integrity((password or "").encode())
    return bytes(message)


async def hostile(p: Parts, sent: list[Any]) -> None:
    answer = await p.peers.answer(Offer(checked_sdp(CHROMIUM), "default"))
    peer = p.peers.find(answer.session)
    assert peer is not None
    (connection,) = privates.ice_connections(peer.pc)
    await asyncio.sleep(0.03)  # its checks have begun
    for address, kind, method, given_attributes, theirs, media in sent:
        message = genuine(connection, kind, method, given_attributes, theirs)
        p.mux._received(message, address)
        p.mux._received(b"\x16" + media, address)
        p.mux._received(b"\x80" + media, address)
        await asyncio.sleep(0)
    assert len(connection._check_list) <= MAX_ADDRESSES
    assert len(connection._remote_candidates) <= MAX_ADDRESSES
    await p.peers.hang_up(peer)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(datagrams, max_size=60))
def test_it_disturbs_no_other_listener_and_grows_no_table(redis_url: str, sent: list[Any]) -> None:
    async def go() -> None:
        faults: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
        async with parts(redis_url) as p:
            bystander = Browser()
            sdp = checked_sdp((await bystander.offer())["sdp"])
            answer = await p.peers.answer(Offer(sdp, "default"))
            await bystander.accept({"sdp": answer.sdp, "type": "answer"})
            before = p.mux.routes.sizes
            await hostile(p, sent)
            assert p.mux.routes.sizes == before
            await bystander.hears(3)
            await bystander.pc.close()
        assert faults == []

    run(go())


def test_checks_from_ever_new_addresses_keep_no_more_than_the_bound(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            asked = {"PRIORITY": 1, "USE-CANDIDATE": None}
            request = stun.Class.REQUEST, stun.Method.BINDING, asked, ":8hhY", b""
            await hostile(p, [(address, *request) for address in ADDRESSES])

    run(go())
