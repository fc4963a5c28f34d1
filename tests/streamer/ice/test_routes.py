"""The tables of the mux against everything that a stranger, or another listener, can send."""

import copy

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from streamer.ice.datagrams import Address
from streamer.ice.routes import (
    MAX_ADDRESSES,
    MOVED_S,
    REMEMBERED_REQUESTS,
    Delivery,
    Drop,
    Route,
    Routes,
)
from tests.streamer.ice.messages import Session, request, response

A, B, C = [("192.0.2.1", port) for port in (1001, 1002, 1003)]
MEDIA = b"\x80" + bytes(20)


def transaction(number: int) -> bytes:
    return number.to_bytes(12, "big")


def bound(*names: str) -> tuple[Routes, list[Route]]:
    """Tables with sessions of these names."""
    routes = Routes()
    return routes, [routes.add(Session(name)) for name in names]


def ask(routes: Routes, name: str, number: int, address: Address, now_s: float = 0.0) -> Delivery:
    found = routes.find(request(Session(name), transaction(number)), address, now_s)
    assert isinstance(found, Delivery)
    return found


def owner(routes: Routes, address: Address) -> Route | None:
    found = routes.find(MEDIA, address, 0.0)
    return found.route if isinstance(found, Delivery) else None


def test_media_goes_where_an_authenticated_request_came_from() -> None:
    routes, (one, two) = bound("one", "two")
    assert routes.find(MEDIA, A, 0.0) is Drop.UNKNOWN_ADDRESS
    assert ask(routes, "one", 1, A).route is one
    assert ask(routes, "two", 2, B).route is two
    assert (owner(routes, A), owner(routes, B), owner(routes, C)) == (one, two, None)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"hello", Drop.JUNK),
        (request(Session("nobody"), bytes(12)), Drop.UNKNOWN_UFRAG),
        (request(Session("one"), bytes(12), password="x" * 22), Drop.BAD_INTEGRITY),
        (request(Session("one"), bytes(12), priority=None), Drop.MALFORMED),
        (request(Session("one"), bytes(12), kind=stun.Class.INDICATION), Drop.UNSOLICITED),
        (request(Session("one"), bytes(12), method=stun.Method.ALLOCATE), Drop.UNSOLICITED),
        (response(bytes(12), "their-password-of-22-chr"), Drop.UNKNOWN_TRANSACTION),
        (bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST)), Drop.UNKNOWN_UFRAG),
    ],
)
def test_what_proves_nothing_is_dropped_for_a_reason_and_binds_nothing(
    data: bytes, why: Drop
) -> None:
    routes, _ = bound("one")
    assert routes.find(data, A, 0.0) is why
    assert routes.sizes == {"sessions": 1, "addresses": 0, "transactions": 0}


def test_a_request_without_integrity_is_dropped() -> None:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes |= {"USERNAME": "one:peer", "PRIORITY": 1}
    routes, _ = bound("one")
    assert routes.find(bytes(message), A, 0.0) is Drop.BAD_INTEGRITY


def test_a_replayed_request_binds_nothing_and_a_retransmitted_one_is_heard_again() -> None:
    routes, (one,) = bound("one")
    data = request(Session("one"), transaction(1))
    assert isinstance(routes.find(data, A, 0.0), Delivery)
    assert isinstance(routes.find(data, A, 0.5), Delivery)
    assert routes.find(data, B, 0.6) is Drop.REPLAYED
    assert (owner(routes, A), owner(routes, B)) == (one, None)


def test_a_request_takes_no_address_from_another_session_but_an_answer_does() -> None:
    routes, (one, two) = bound("one", "two")
    ask(routes, "one", 1, A)
    assert ask(routes, "two", 2, A).route is two  # it may live there: our check will tell
    assert owner(routes, A) is one
    routes.expect(transaction(3), two, A)
    found = routes.find(response(transaction(3), "their-password-of-22-chr"), A, 0.0)
    assert isinstance(found, Delivery)
    assert found.route is two
    assert owner(routes, A) is two
    assert A not in one.addresses


@pytest.mark.parametrize("kind", [stun.Class.RESPONSE, stun.Class.ERROR])
def test_an_answer_counts_from_where_it_was_asked_and_with_the_right_key(kind: stun.Class) -> None:
    routes, (one,) = bound("one")
    routes.expect(transaction(1), one, A)
    good = response(transaction(1), "their-password-of-22-chr", kind)
    assert routes.find(good, B, 0.0) is Drop.UNKNOWN_TRANSACTION
    assert routes.find(response(transaction(1), "x" * 22, kind), A, 0.0) is Drop.BAD_INTEGRITY
    assert owner(routes, A) is None
    assert isinstance(routes.find(good, A, 0.0), Delivery)
    assert owner(routes, A) is one
    routes.settle(transaction(1))
    assert routes.find(good, A, 0.0) is Drop.UNKNOWN_TRANSACTION


def test_no_answer_counts_before_the_peers_password_is_known() -> None:
    routes = Routes()
    route = routes.add(Session("one", remote_password=None))
    routes.expect(transaction(1), route, A)
    assert routes.find(response(transaction(1), "None"), A, 0.0) is Drop.BAD_INTEGRITY


def test_a_session_has_moved_once_its_other_addresses_have_fallen_silent() -> None:
    routes, _ = bound("one")
    assert not ask(routes, "one", 1, A, 0.0).has_moved
    # two interfaces of one machine are both in use
    second = ask(routes, "one", 2, B, 0.1)
    assert (second.is_new_address, second.has_moved) == (True, False)
    ask(routes, "one", 3, A, 2.0)
    assert not ask(routes, "one", 4, B, 2.0 + MOVED_S - 0.1).has_moved
    moved = ask(routes, "one", 5, C, 2.0 + 3 * MOVED_S)
    assert (moved.is_new_address, moved.has_moved) == (True, True)


def test_a_sessions_addresses_are_bounded_and_the_one_heard_from_least_recently_goes() -> None:
    routes, (one,) = bound("one")
    addresses = [("192.0.2.1", port) for port in range(MAX_ADDRESSES)]
    for number, address in enumerate(addresses):
        assert ask(routes, "one", number, address).unbound is None
    ask(routes, "one", 100, addresses[0])
    assert ask(routes, "one", 101, ("192.0.2.2", 1)).unbound == addresses[1]
    assert len(one.addresses) == routes.sizes["addresses"] == MAX_ADDRESSES
    assert owner(routes, addresses[0]) is one
    assert owner(routes, addresses[1]) is None


def test_the_requests_remembered_are_bounded() -> None:
    routes, (one,) = bound("one")
    for number in range(2 * REMEMBERED_REQUESTS):
        ask(routes, "one", number, A)
    assert len(one.requests) == REMEMBERED_REQUESTS


def test_a_session_that_is_removed_leaves_nothing() -> None:
    routes, (one, _) = bound("one", "two")
    ask(routes, "one", 1, A)
    ask(routes, "two", 2, A)
    ask(routes, "one", 3, B)
    routes.expect(transaction(4), one, A)
    routes.remove(one)
    routes.remove(one)
    assert routes.sizes == {"sessions": 1, "addresses": 0, "transactions": 0}
    assert isinstance(routes.find(request(Session("one"), bytes(12)), A, 0.0), Drop)


@given(st.binary(max_size=120))
def test_random_bytes_change_nothing(data: bytes) -> None:
    routes, (one,) = bound("one")
    ask(routes, "one", 1, A)
    assert isinstance(routes.find(data, B, 1.0), Drop)
    assert one.addresses == {A: 0.0}


SESSIONS = ("one", "two", "three")
ADDRESSES = [A, B, C]


class Strangers(RuleBasedStateMachine):
    """Sessions that come and go and ask and answer, and somebody who records, alters, replays."""

    def __init__(self) -> None:
        super().__init__()
        self.routes = Routes()
        self.live: dict[str, Route] = {}
        self.recorded: list[tuple[bytes, Address, str]] = []
        self.asked: list[tuple[bytes, str, Address]] = []
        self.number = 0
        self.now_s = 0.0

    def tables(self) -> object:
        """Every table, as it is."""
        return copy.deepcopy(
            (
                {name: (r.addresses, r.requests) for name, r in self.live.items()},
                {address: self.owner(address) for address in ADDRESSES},
                self.routes.sizes,
            )
        )

    def owner(self, address: Address) -> str | None:
        route = owner(self.routes, address)
        return route.credentials.local_username if route else None

    def next_transaction(self) -> bytes:
        self.number += 1
        return transaction(self.number)

    @rule(name=st.sampled_from(SESSIONS), waited_s=st.floats(0, 10))
    def join(self, name: str, waited_s: float) -> None:
        self.now_s += waited_s
        if name not in self.live:
            self.live[name] = self.routes.add(Session(name))

    @rule(name=st.sampled_from(SESSIONS))
    def leave(self, name: str) -> None:
        if route := self.live.pop(name, None):
            self.routes.remove(route)
            self.recorded = [each for each in self.recorded if each[2] != name]
            self.asked = [each for each in self.asked if each[1] != name]

    @precondition(lambda self: self.live)
    @rule(data=st.data(), address=st.sampled_from(ADDRESSES))
    def genuine_request(self, data: st.DataObject, address: Address) -> None:
        name = data.draw(st.sampled_from(sorted(self.live)))
        before = {each: self.owner(each) for each in ADDRESSES}
        message = request(Session(name), self.next_transaction())
        found = self.routes.find(message, address, self.now_s)
        assert isinstance(found, Delivery)
        assert found.route is self.live[name]
        for each in ADDRESSES:
            if before[each] is not None:
                assert self.owner(each) == before[each], "a request alone took an address"
        assert self.owner(address) is not None
        self.recorded.append((message, address, name))
        asked = self.next_transaction()
        self.routes.expect(asked, self.live[name], address)
        self.asked.append((asked, name, address))

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def genuine_response(self, data: st.DataObject) -> None:
        asked, name, address = data.draw(st.sampled_from(self.asked))
        message = response(asked, "their-password-of-22-chr")
        found = self.routes.find(message, address, self.now_s)
        assert isinstance(found, Delivery)
        assert self.owner(address) == name

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), address=st.sampled_from(ADDRESSES))
    def forged_response(self, data: st.DataObject, address: Address) -> None:
        asked, _, _ = data.draw(st.sampled_from(self.asked))
        self.changes_nothing(response(asked, "a-password-that-is-wrong"), address)

    @precondition(lambda self: self.recorded)
    @rule(data=st.data(), address=st.sampled_from(ADDRESSES))
    def replay(self, data: st.DataObject, address: Address) -> None:
        message, sender, _ = data.draw(st.sampled_from(self.recorded[-REMEMBERED_REQUESTS // 2 :]))
        if address != sender:
            self.changes_nothing(message, address)

    @precondition(lambda self: self.recorded)
    @rule(data=st.data(), address=st.sampled_from(ADDRESSES), cut=st.booleans())
    def alter(self, data: st.DataObject, address: Address, cut: bool) -> None:
        message, sender, _ = data.draw(st.sampled_from(self.recorded[-REMEMBERED_REQUESTS // 2 :]))
        place = data.draw(st.integers(0, len(message) - 1))
        altered = bytearray(message)
        if cut:
            del altered[place:]
        else:
            altered[place] ^= 1 << data.draw(st.integers(0, 7))
        if address != sender and altered[:1] and not 20 <= altered[0] <= 191:
            self.changes_nothing(bytes(altered), address)

    @precondition(lambda self: self.live)
    @rule(data=st.data(), address=st.sampled_from(ADDRESSES))
    def wrong_password(self, data: st.DataObject, address: Address) -> None:
        name = data.draw(st.sampled_from(sorted(self.live)))
        self.changes_nothing(
            request(Session(name), self.next_transaction(), password="not the password at all"),
            address,
        )

    @rule(junk=st.binary(max_size=80), address=st.just(("192.0.2.66", 66)))
    def junk(self, junk: bytes, address: Address) -> None:
        self.changes_nothing(junk, address)

    def changes_nothing(self, data: bytes, address: Address) -> None:
        before = self.tables()
        assert isinstance(self.routes.find(data, address, self.now_s), Drop)
        assert self.tables() == before

    @invariant()
    def nothing_is_left_of_those_who_left(self) -> None:
        assert self.routes.sizes["sessions"] == len(self.live)
        assert self.routes.sizes["transactions"] == len(self.asked)
        for address in ADDRESSES:
            name = self.owner(address)
            assert name is None or address in self.live[name].addresses


TestStrangers = Strangers.TestCase
