import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.ice.addresses import announced, lan_addresses


def test_loopback_the_requests_address_and_the_lan_are_announced_in_that_order() -> None:
    found = announced((), ["192.168.1.7", "2001:db8::7"], "10.0.0.9:8910", has_ipv6=True)
    assert found == ["127.0.0.1", "10.0.0.9", "192.168.1.7", "2001:db8::7"]


def test_an_operators_own_list_replaces_all_of_that() -> None:
    assert announced(("203.0.113.5",), ["192.168.1.7"], "10.0.0.9", has_ipv6=True) == [
        "203.0.113.5"
    ]


def test_without_ipv6_no_ipv6_is_announced() -> None:
    assert announced((), ["2001:db8::7"], "[::1]", has_ipv6=False) == ["127.0.0.1"]


def test_each_address_is_announced_once() -> None:
    found = announced((), ["10.0.0.9"], "10.0.0.9", has_ipv6=False)
    assert found == ["127.0.0.1", "10.0.0.9"]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.2", "127.0.0.2"),
        ("[::1]", "::1"),
        ("[2001:db8::7]:8910", "2001:db8::7"),
        ("192.168.1.7:8910", "192.168.1.7"),
    ],
)
def test_a_literal_host_is_announced(host: str, address: str) -> None:
    assert announced((), (), host, has_ipv6=True) == ["127.0.0.1", address]


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost:8910",
        "playhead.example",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "::1",
        "[",
    ],
)
def test_a_name_or_what_nothing_can_be_sent_to_is_not(host: str) -> None:
    assert announced((), (), host, has_ipv6=True) == ["127.0.0.1"]


@given(st.text(max_size=60))
def test_no_host_header_makes_it_fail(host: str) -> None:
    assert announced((), (), host, has_ipv6=True)[0] == "127.0.0.1"


def test_the_lan_addresses_are_addresses_of_this_host() -> None:
    for address in lan_addresses():
        assert not address.startswith("127.")
