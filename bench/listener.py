"""``python -m bench.listener URL FEED COUNT``: listeners in a process of their own.

Says ``connected`` when all are. Then it does what the lines of its standard input say, and
hangs up when that ends:

- ``ready``: every listener is;
- ``begin``: record from now on;
- ``end``: print what was recorded, one JSON list of ``ClockFigures``.
"""

import asyncio
import gc
import json
import sys
from dataclasses import asdict

import aiohttp

from bench.clock import measure
from bench.errors import BenchError
from bench.peer import Peer
from launch.console import fail
from launch.loop import run

AT_ONCE = 8
"""How many connect at the same time: a handshake costs both sides some 10 ms of CPU."""


async def listen(url: str, feed: str, count: int) -> None:
    """Connect ``count`` listeners and do as told until standard input ends.

    Raises:
        NotConnected: one of them could not connect.
        TooFewPackets: ``end`` was told, and too little had arrived.
    """
    peers = [Peer() for _ in range(count)]
    places = asyncio.Semaphore(AT_ONCE)

    async def connect(peer: Peer, http: aiohttp.ClientSession) -> None:
        async with places:
            await peer.connect(http, url, feed)

    try:
        async with aiohttp.ClientSession() as http:
            await asyncio.gather(*(connect(peer, http) for peer in peers))
        # what is there stays: no full collection (140 ms) is to be taken for a late packet
        gc.collect()
        gc.freeze()
        print("connected", flush=True)
        await _obey(peers)
    finally:
        await asyncio.gather(*(peer.close() for peer in peers))


async def _obey(peers: list[Peer]) -> None:
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    while order := (await orders.readline()).decode().strip():
        if order == "ready":
            for peer in peers:
                peer.say_ready()
        elif order == "begin":
            for peer in peers:
                peer.forget()
        elif order == "end":
            print(json.dumps([asdict(measure(peer.packets)) for peer in peers]), flush=True)


def main() -> None:
    """Read the arguments, listen, and exit."""
    url, feed, count = sys.argv[1:]
    try:
        run(listen(url, feed, int(count)))
    except BenchError as error:
        fail("bench.listener", str(error))


if __name__ == "__main__":
    main()
