"""Results as they come from a bus: `for event in streamer.subscribe("kafka://…", kinds=["event"], streams="cam-*")`."""

import difflib
import fnmatch
import logging
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Self

import msgspec

from schemas import messages
from schemas.messages import Result, WindowClosed
from schemas.topics import RESULTS, TOPICS
from streamer.bus.address import connect
from streamer.bus.protocol import Hooks, Place, Record
from streamer.bus.records import message
from streamer.config import Bus as Options
from streamer.errors import ConfigError, MessageError

log = logging.getLogger(__name__)

KINDS: dict[str, type[Result]] = {  # in the words of those who subscribe
    "transcript": messages.Utterance,
    "sound": messages.Sound,
    "writing": messages.ScreenText,
    "shot": messages.Shot,
    "keyframe": messages.Keyframe,
    "levels": messages.Levels,
    "scene": messages.SceneDescription,
    "sentiment": messages.Sentiment,
    "event": messages.Event,
    "window": messages.WindowClosed,
    "status": messages.StreamStatus,
    "gap": messages.Gap,
    "job": messages.JobProgress,
}
REMEMBERED = 100_000  # ids whose revision is known, some 20 MB: a repeat comes within minutes
POLL_S = 0.5
MOST = 500  # records a poll: results are small


class Delivery(msgspec.Struct, frozen=True):
    """A result, and the record that brought it."""

    result: Result
    record: Record


class Subscription:
    """Reads results: chosen, each revision once, from a time on or from where its group has come.

    Args:
        kinds: names of KINDS; none: all of them.
        streams: a pattern of stream ids: cam-*, or several with commas.
        since: seconds since 1970 of publication; None: what comes from now on. A group goes on where it was instead.
        group: a name under which several share the work and go on after a restart.
        places: where to begin, by (topic, partition); goes before `since`.
    """

    def __init__(
        self,
        address: str = "",
        options: Options | None = None,
        *,
        kinds: Iterable[str] = (),
        streams: str = "*",
        since: float | datetime | None = None,
        group: str | None = None,
        hooks: Hooks | None = None,
        places: dict[Place, int] | None = None,
    ) -> None:
        self._wanted = _types(kinds)
        self._streams = [pattern.strip() for pattern in streams.split(",")]
        self._since = since.timestamp() if isinstance(since, datetime) else since
        self._floor_ms = int(self._since * 1000) if self._since is not None and group is None else 0
        self._revisions: OrderedDict[str, tuple[int, bool]] = OrderedDict()
        self.topics = tuple(name for name in RESULTS if set(TOPICS[name].types) & set(self._wanted))
        self._bus = connect(address, options)
        try:
            self.consumer = self._bus.consume(self.topics, group=group, hooks=hooks)
            if group is None:
                self._begin(places or {})
        except BaseException:
            self._bus.close()
            raise

    def poll(self, timeout_s: float = POLL_S) -> list[Delivery]:
        """What has come, perhaps nothing. Errors: BusError."""
        return [delivery for record in self.consumer.poll(timeout_s, MOST) if (delivery := self._chosen(record))]

    def close(self) -> None:
        """Lets go of the bus."""
        self.consumer.close()
        self._bus.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, places: dict[Place, int]) -> None:
        mine = self.consumer.assignment()
        starts = self.consumer.ends(mine) if self._since is None else self.consumer.since(mine, self._since)
        for place in mine:
            self.consumer.seek(place, places.get(place, starts[place]))

    def _chosen(self, record: Record) -> Delivery | None:
        if record.timestamp_ms < self._floor_ms:
            return None  # times in a log need not ascend
        if not record.value or not any(fnmatch.fnmatchcase(record.key, pattern) for pattern in self._streams):
            return None
        try:
            result = message(record)
        except MessageError as error:
            log.warning("passed over: %s", error)
            return None
        if not isinstance(result, self._wanted) or not self._news(result):
            return None
        return Delivery(result, record)

    def _news(self, result: Result) -> bool:
        """Whether it is a higher revision than what was told; at the same one a whole window goes before a partial one."""
        rank = (result.rev, not isinstance(result, WindowClosed) or result.complete)
        known = self._revisions.get(result.id)
        if known is not None and rank <= known:
            return False
        self._revisions[result.id] = rank
        self._revisions.move_to_end(result.id)
        if len(self._revisions) > REMEMBERED:
            self._revisions.popitem(last=False)
        return True


def subscribe(
    address: str = "",
    *,
    kinds: Iterable[str] = (),
    streams: str = "*",
    since: float | datetime | None = None,
    idle_s: float | None = None,
    options: Options | None = None,
) -> Iterator[Result]:
    """Results from a bus as they are published, each revision of each id once.

    Args:
        kinds: event, scene, sentiment, transcript, sound, writing, shot, keyframe, levels, window, status, gap, job; none: all.
        streams: a pattern of stream ids, for example "cam-*".
        since: replays from a time of publication (a datetime, or seconds since 1970; 0: all that is kept); None: from now on.
        idle_s: ends when nothing has come for so long; None: never.
        options: how the broker lets us in (`streamer.Config().bus`).

    Errors: ConfigError, BusError.
    """
    subscription = Subscription(address, options, kinds=kinds, streams=streams, since=since)
    return _told(subscription, idle_s)


def _told(subscription: Subscription, idle_s: float | None) -> Iterator[Result]:
    with subscription:
        heard = time.monotonic()
        while idle_s is None or time.monotonic() - heard < idle_s:
            for delivery in subscription.poll():
                heard = time.monotonic()
                yield delivery.result


def _types(kinds: Iterable[str]) -> tuple[type[Result], ...]:
    wanted = [kinds] if isinstance(kinds, str) else list(kinds)
    for kind in wanted:
        if kind not in KINDS:
            near = difflib.get_close_matches(kind, KINDS, 1, 0.5) or [", ".join(KINDS)]
            raise ConfigError(f"unknown kind {kind}; expected {near[0]}")
    return tuple(KINDS[kind] for kind in wanted or KINDS)
