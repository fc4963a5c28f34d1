"""A release of aiortc or aioice that moves a private name is caught here, by the name."""

from typing import Any

import pytest
from aioice import Connection
from aioice.ice import CandidatePair, StunProtocol
from aiortc import RTCIceGatherer

from streamer import privates
from streamer.errors import PrivateNameMoved
from tests.conftest import run


async def _check() -> None:
    privates.check()


def test_every_private_name_is_where_it_was() -> None:
    run(_check())


OWNERS = {
    RTCIceGatherer: privates.GATHERER,
    Connection: privates.CONNECTION,
    StunProtocol: privates.PROTOCOL,
    CandidatePair: privates.PAIR,
}


@pytest.mark.parametrize(
    ("owner", "name"), [(owner, name) for owner, names in OWNERS.items() for name in names]
)
def test_a_name_that_has_moved_is_named(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup = owner.__getattribute__

    def without(self: object, asked: str) -> object:
        if asked == name:
            raise AttributeError(asked)
        return lookup(self, asked)

    monkeypatch.setattr(owner, "__getattribute__", without)
    with pytest.raises(PrivateNameMoved, match=rf"{owner.__name__}\.{name}\b"):
        run(_check())
