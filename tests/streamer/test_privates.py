"""A release of aiortc or aioice that moves a private name is caught here, by the name."""

import pytest
from aioice import Connection
from aioice.ice import StunProtocol
from aiortc import RTCIceGatherer

from streamer import privates
from streamer.errors import PrivateNameMoved
from tests.conftest import run


async def _check() -> None:
    privates.check()


def test_every_private_name_is_where_it_was() -> None:
    run(_check())


@pytest.mark.parametrize("name", privates.GATHERER + privates.CONNECTION + privates.PROTOCOL)
def test_a_name_that_has_moved_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = next(
        kind
        for kind, names in (
            (RTCIceGatherer, privates.GATHERER),
            (Connection, privates.CONNECTION),
            (StunProtocol, privates.PROTOCOL),
        )
        if name in names
    )
    lookup = owner.__getattribute__

    def without(self: object, asked: str) -> object:
        if asked == name:
            raise AttributeError(asked)
        return lookup(self, asked)

    monkeypatch.setattr(owner, "__getattribute__", without)
    with pytest.raises(PrivateNameMoved, match=rf"{owner.__name__}\.{name}\b"):
        run(_check())
