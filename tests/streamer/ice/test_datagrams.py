import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from streamer.ice.datagrams import Kind, kind_of, local_ufrag, parse_stun
from tests.streamer.ice.messages import Session, request

REQUEST = request(Session("ours"), bytes(12))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (REQUEST, Kind.STUN),
        (b"\x16\xfe\xff" + bytes(20), Kind.MEDIA),  # a DTLS handshake
        (b"\x80\x6f" + bytes(20), Kind.MEDIA),  # RTP
        (b"\x81\xc9" + bytes(20), Kind.MEDIA),  # RTCP
        (b"", Kind.JUNK),
        (b"\x00", Kind.JUNK),
        (b"\x40" + bytes(40), Kind.JUNK),  # a TURN channel: there are none here
        (REQUEST[:-4], Kind.JUNK),  # its length does not fit
        (REQUEST + bytes(4), Kind.JUNK),
        (REQUEST.replace(stun.COOKIE.to_bytes(4, "big"), bytes(4)), Kind.JUNK),
    ],
)
def test_a_datagram_is_told_by_its_first_bytes(data: bytes, kind: Kind) -> None:
    assert kind_of(data) is kind


def test_the_receivers_half_of_the_username_is_found() -> None:
    assert local_ufrag(REQUEST) == "ours"
    assert local_ufrag(request(Session("x"), bytes(12), username="nocolon")) == "nocolon"
    assert local_ufrag(bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))) == ""


@given(st.binary(max_size=100), st.integers(0, 3), st.binary(min_size=12, max_size=12))
def test_no_body_of_a_stun_message_makes_the_parser_fail(
    body: bytes, first: int, transaction: bytes
) -> None:
    header = bytes((first, 1)) + len(body).to_bytes(2, "big") + stun.COOKIE.to_bytes(4, "big")
    data = header + transaction + body
    assert kind_of(data) is Kind.STUN
    local_ufrag(data)
    parse_stun(data)


@given(st.binary(max_size=200))
def test_every_datagram_is_of_some_kind(data: bytes) -> None:
    assert kind_of(data) in Kind
    local_ufrag(data)


@given(st.data())
def test_an_attribute_of_the_wrong_length_is_malformed_not_fatal(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(stun.ATTRIBUTES_BY_TYPE)))
    value = data.draw(st.binary(max_size=24))
    body = kind.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value
    body += bytes(-len(value) & 3)
    header = b"\x00\x01" + len(body).to_bytes(2, "big") + stun.COOKIE.to_bytes(4, "big")
    parse_stun(header + bytes(12) + body)
