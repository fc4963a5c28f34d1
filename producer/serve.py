"""Speaks to whoever comes: each time a feed's first listener is ready and nothing is queued."""

from contextlib import aclosing

import structlog
from redis.asyncio import Redis

from feed import lookup
from feed.audio import seconds
from feed.backlog import Backlog
from feed.errors import FeedError
from feed.events import Listeners
from feed.follower import EventFollower
from feed.keys import FeedKeys
from feed.patience import Patience
from producer.errors import ProducerError
from producer.progress import Display
from producer.source import Source
from producer.speak import Audience, Speaker

log = structlog.get_logger()


class Host:
    """Waits for a listener, speaks every source to the end, waits for the next."""

    def __init__(
        self,
        redis: Redis,
        feed_name: str,
        speaker: Speaker,
        sources: list[Source],
        display: Display,
    ) -> None:
        self._redis = redis
        self._keys = FeedKeys(feed_name)
        self._speaker = speaker
        self._sources = sources
        self._display = display
        self._patience = Patience(feed_name, display.waiting)

    async def serve(self) -> None:
        """Run until cancelled."""
        audience = await self._speaker.audience()
        is_new = audience.ready > 0
        while True:
            if not is_new:
                names = ", ".join(source.name for source in self._sources)
                self._display.say(
                    f"listening: {names} will be spoken when somebody listens to feed"
                    f" {self._keys.name!r}"
                )
                audience = await self._arrival(audience)
            audience = await self._speak(audience)
            is_new = False

    async def _arrival(self, audience: Audience) -> Audience:
        """Wait until the first listener is ready."""
        ready = audience.ready
        follower = EventFollower(
            self._redis, self._keys.name, audience.after, self._display.waiting
        )
        async with aclosing(aiter(follower)) as events:
            async for event_id, event in events:
                if isinstance(event, Listeners):
                    is_first = ready == 0 and event.ready > 0
                    ready = event.ready
                    if is_first:
                        return Audience(event_id, ready)
        raise AssertionError("following events does not end")

    async def _speak(self, audience: Audience) -> Audience:
        """Speak everything, unless what was said before has not been heard yet."""
        try:
            if unplayed := await self._patience.steadily(self._unplayed):
                self._display.say(
                    f"a listener: {seconds(unplayed):.1f} s said before are played first"
                )
                return audience
            for source in self._sources:
                audience = await self._speaker.speak(source, audience, wait=True)
        except (ProducerError, FeedError) as error:  # one failure must not end the service
            log.warning("serve.failed", error=str(error))
            self._display.say(f"not spoken to the end: {error}")
            return await self._speaker.audience()
        return audience

    async def _unplayed(self) -> int:
        backlog = Backlog()
        await lookup.update_backlog(self._redis, self._keys, backlog)
        return backlog.samples
