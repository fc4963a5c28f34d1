"""The ``writer`` key of a feed, and the batches written under it: one Lua call each.

A call checks the token and the end of the stream and writes in the same step, so nothing
can come between the check and the write, and a batch is in the stream whole or not at all.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, cast

from redis.asyncio import Redis

from feed.ids import EntryId
from feed.keys import FeedKeys
from feed.outbox import Numbered

_LAST_ID: Final = """
local function last_id(stream)
  local info = redis.pcall('XINFO', 'STREAM', stream)
  if info.err then
    if string.find(info.err, 'no such key', 1, true) then return '0-0' end
    error(info.err)
  end
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end
"""

# KEYS writer, audio; ARGV token, ttl ms, interrupt
_TAKE: Final = (
    _LAST_ID
    + """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and ARGV[3] ~= '1' then return {'other', last_id(KEYS[2])} end
local last = last_id(KEYS[2])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {'held', last}
"""
)

# KEYS writer; ARGV token, ttl ms
_RENEW: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

# KEYS writer; ARGV token
_RELEASE: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""

# KEYS writer, audio, other keys of the feed...;
# ARGV token, ttl ms, feed ttl ms, expected last ID, then per entry: ID, field count, fields...
# SET comes first: a script that Redis refuses (out of memory) is refused at its first write,
# so that none of a batch is written.
_WRITE: Final = (
    _LAST_ID
    + """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return {'other', ''} end
local last = last_id(KEYS[2])
if last ~= ARGV[4] then return {holder and 'moved' or 'moved_unheld', last} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local i = 5
while i <= #ARGV do
  last = ARGV[i]
  local n = tonumber(ARGV[i + 1])
  redis.call('XADD', KEYS[2], last, unpack(ARGV, i + 2, i + 1 + n))
  i = i + 2 + n
end
for k = 2, #KEYS do redis.call('PEXPIRE', KEYS[k], ARGV[3]) end
return {'written', last}
"""
)


class Verdict(Enum):
    """What Redis says to a call made under the writer key."""

    HELD = "held"
    WRITTEN = "written"
    OTHER = "other"
    """Another producer holds the key: nothing was done."""
    MOVED = "moved"
    """We hold the key but the stream does not end where expected: nothing was done."""
    MOVED_UNHELD = "moved_unheld"
    """The same, and the key had expired: somebody may have held it meanwhile."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict and, unless another producer refused us, where the stream ends."""

    verdict: Verdict
    last_id: EntryId


class WriterLease:
    """Takes, renews, uses and releases the ``writer`` key under one token.

    Every call is one attempt; errors of redis-py pass through.

    Args:
        token: unique to one writer.
        ttl_s: the key expires so long after the last call.
        feed_ttl_s: all other keys of the feed expire so long after the last write.
    """

    def __init__(
        self, redis: Redis, keys: FeedKeys, token: str, ttl_s: float, feed_ttl_s: float
    ) -> None:
        self._token = token
        self._ttl_ms = round(ttl_s * 1000)
        self._feed_ttl_ms = round(feed_ttl_s * 1000)
        self._keys = keys
        self._take = redis.register_script(_TAKE)
        self._renew = redis.register_script(_RENEW)
        self._release = redis.register_script(_RELEASE)
        self._write = redis.register_script(_WRITE)

    async def take(self, *, interrupt: bool) -> Answer:
        """Take the key if it is free or ours, with ``interrupt`` whoever holds it."""
        reply = await self._take(
            keys=[self._keys.writer, self._keys.audio],
            args=[self._token, self._ttl_ms, int(interrupt)],
        )
        return _answer(reply)

    async def renew(self) -> bool:
        """Make the key last another ``ttl_s``; False if another producer holds it."""
        reply = await self._renew(keys=[self._keys.writer], args=[self._token, self._ttl_ms])
        return bool(reply)

    async def release(self) -> None:
        """Delete the key if it is still ours."""
        await self._release(keys=[self._keys.writer], args=[self._token])

    async def write(self, batch: list[Numbered], expected_last: EntryId) -> Answer:
        """Write ``batch`` if the key is ours or free and the stream ends at ``expected_last``."""
        args: list[str | int | bytes] = [self._token, self._ttl_ms, self._feed_ttl_ms]
        args.append(str(expected_last))
        for numbered in batch:
            fields = numbered.entry.fields()
            args += [str(numbered.id), 2 * len(fields)]
            for name, value in fields.items():
                args += [name, value]
        keys = self._keys
        reply = await self._write(
            keys=[keys.writer, keys.audio, keys.playhead, keys.events], args=args
        )
        return _answer(reply)


def _answer(reply: object) -> Answer:
    verdict, last = cast(list[bytes], reply)
    return Answer(Verdict(verdict.decode()), EntryId.parse(last or b"0-0"))
