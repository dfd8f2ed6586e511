"""The join in time: what all senses perceived, cut into overlapping windows.

    vision  ──t──t──t──│──        a window closes when every modality's watermark has passed its end; what was
    sound   ─t─t─t─t─t─│─t─t      perceived is told with the first window that ends behind the watermark its own
    text    ────t──────│────t     branch had reached when it came, so the order between branches never matters
    ocr     ──t────────│

Windows are counted in whole microseconds: window k is [k·hop, k·hop + length), and there is one for each k with k·hop
before the end of the media (at least one), so that every moment of it lies in some window.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from schemas.messages import (
    MODALITIES,
    AnyMessage,
    Features,
    Fine,
    Gap,
    Keyframe,
    Levels,
    Modality,
    ScreenText,
    Shot,
    Status,
    StreamStatus,
    Utterance,
    Watermark,
    Window,
    identity,
    microseconds,
)
from streamer.config import Fusion
from streamer.fusion.arrays import row_at
from streamer.fusion.waiting import (
    OBSERVED,
    SENSED,
    Due,
    FineJoinState,
    Held,
    JoinState,
    Token,
    between,
    branch,
    coverage,
    end_of,
    gather,
    mark,
    order,
    reached,
    stacked,
    status,
)
from streamer.labels import REACH_S

REMEMBERED = 16  # windows for which a repeated message is recognised: about a minute of media
NEVER = 2**62  # number of a window that does not come: told with the last one


class Join:
    """The stage `window`: Features and what was perceived in; the same results, Windows and no watermarks out."""

    name = "window"
    reads = (Features, Fine, Utterance, ScreenText, Shot, Keyframe, Levels, Gap, StreamStatus, Watermark)
    state_type: type[JoinState] = JoinState

    def __init__(self, options: Fusion, reach_s: Mapping[Modality, float] = REACH_S, lateness_s: float | None = None) -> None:
        """Args:
        options: length and hop of windows; whether they carry what is fine.
        reach_s: seconds for which a token of each modality still matters to what comes after it.
        lateness_s: how long the furthest modality waits for the others; None: for ever, as files do.
        """
        self.states: dict[str, JoinState] = {}
        self.length, self.hop = microseconds(options.window_s), microseconds(options.hop_s)
        self.reach_s = reach_s
        self.lateness_s = lateness_s
        self.state_type = FineJoinState if options.fine else JoinState

    def __call__(self, batch: Sequence[AnyMessage]) -> Iterable[AnyMessage]:
        """What follows from a batch, in order."""
        for message in batch:
            match message:
                case Features() | Fine() | Watermark() | Utterance() | ScreenText() | Shot() | Keyframe() | Levels() | Gap():
                    yield from self._take(message)
                case StreamStatus():
                    yield from self._status(message)
                case _:
                    yield message

    def _status(self, message: StreamStatus) -> Iterator[AnyMessage]:
        """The first of a stream at once; later ones, which race the branches, behind its last window."""
        name, key = f"{message.id}.{message.rev}", _key(message)
        if key in self.states:
            if name not in self.states[key].seen:
                self.states[key].seen[name] = NEVER
                self.states[key].statuses.append(message)
            return
        if message.state in ("online", "degraded"):
            self._state(message).seen[name] = NEVER
        yield message

    def _take(self, message: Features | Fine | Watermark | Held) -> Iterator[AnyMessage]:
        state = self._state(message)
        match message:
            case Features():
                self._collect(state, message)
            case Fine():
                if isinstance(state, FineJoinState):
                    due = self._due(reached(state, SENSED[message.kind]))
                    gather(state, message, due, due * self.hop / 1e6)
            case Watermark():
                mark(state, message)
                yield from self._close(state)
            case _:
                self._hold(state, message)

    def _state(self, message: AnyMessage) -> JoinState:
        key = _key(message)
        if key not in self.states:
            self.states[key] = self.state_type(message.stream, message.epoch)
        return self.states[key]

    def _due(self, time: float) -> int:
        """Number of the first window that ends behind a time."""
        if math.isinf(time):
            return NEVER
        return max(0, (microseconds(time) - self.length) // self.hop + 1)

    def _collect(self, state: JoinState, message: Features) -> None:
        """Adds the tokens that are new and can still matter."""
        tokens = state.tokens.setdefault(message.modality, [])
        known = {(token.start, token.end, token.text) for token in tokens}
        due = self._due(reached(state, message.modality))
        oldest = due * self.hop / 1e6 - self.reach_s[message.modality]
        for number, (start, end) in enumerate(message.spans.tolist()):
            text = message.texts[number] if message.texts else ""
            state.end = max(state.end, end)
            if (start, end, text) in known or end <= oldest:
                continue
            known.add((start, end, text))
            vector = None if message.vectors is None else message.vectors[number].copy()  # a view would keep the whole array
            tokens.append(Token(due, start, end, message.keys[number].copy(), vector, float(message.reliability[number]), text))

    def _hold(self, state: JoinState, item: Held) -> None:
        """Keeps something perceived until its window, once."""
        name = f"{item.id}.{item.rev}"
        if name in state.seen:
            return
        due = self._due(item.start if isinstance(item, Gap) else reached(state, branch(item)))
        state.seen[name] = due
        state.held.append(Due(due, item))
        if isinstance(item, Utterance):
            state.spoken.append(Due(due, item))
        if isinstance(item, Gap):
            state.gaps.append(item)
        else:
            state.end = max(state.end, end_of(item))

    def _close(self, state: JoinState) -> Iterator[AnyMessage]:
        """Tells every window that need not wait any longer; with the last one the stream is forgotten."""
        times = [reached(state, modality) for modality in MODALITIES]
        passed = min(times)
        if math.isinf(passed):
            last = max(state.next, -(-microseconds(state.end) // self.hop) - 1)
            while state.next <= last:
                yield from self._tell(state, state.next == last)
            yield from state.statuses
            del self.states[f"{state.stream}|{state.epoch}"]
            return
        if self.lateness_s is not None:
            passed = max(passed, max(time for time in times if math.isfinite(time)) - self.lateness_s)
        while state.next * self.hop + self.length <= microseconds(passed):
            yield from self._tell(state, False)

    def _tell(self, state: JoinState, last: bool) -> Iterator[AnyMessage]:
        """The results that are due, then the window; the state moves on."""
        start = state.next * self.hop
        window_id = identity(state.stream, state.epoch, "window", start, self.length)
        told = []
        for due in sorted((due for due in state.held if last or due.due <= state.next), key=order):
            if isinstance(due.item, Gap):
                yield due.item
            else:
                told.append(due.item.id)
                yield msgspec.structs.replace(due.item, window=window_id)
        yield self._window(state, window_id, tuple(told), last)
        self._move_on(state)

    def _window(self, state: JoinState, window_id: str, told: tuple[str, ...], last: bool) -> Window:
        start, end = state.next * self.hop / 1e6, (state.next * self.hop + self.length) / 1e6
        until = max(start, min(end, state.end))  # no window closes before its end but at the end of the media
        tokens = {modality: self._tokens(state, modality, start, end) for modality in MODALITIES}
        said: dict[str, Status] = {m: status(state, m, tokens[m], start, end) for m in MODALITIES}
        observed: dict[str, float] = {m: coverage(state, m, said[m], start, until) for m in MODALITIES}
        return Window(
            stream=state.stream,
            epoch=state.epoch,
            id=window_id,
            index=state.next,
            start=start,
            end=end,
            tokens={modality: stacked(found) for modality, found in tokens.items() if found},
            status=said,
            coverage=observed,
            complete=all(said[m] == "no_track" or (said[m] in OBSERVED and observed[m] == 1) for m in MODALITIES),
            last=last,
            media_end=state.end if last or state.end < end else None,
            utterances=_spoken(state, start, end),
            told=told,
            fine=between(state, start, end) if isinstance(state, FineJoinState) else msgspec.UNSET,
        )

    def _tokens(self, state: JoinState, modality: Modality, start: float, end: float) -> list[Token]:
        """Those that can matter: begun before the window ends (later ones may not be here yet), in reach of its start."""
        since = start - self.reach_s[modality]
        known = state.tokens.get(modality, ())
        found = [token for token in known if token.due <= state.next and token.start < end and token.end > since]
        return sorted(found, key=lambda token: (token.start, token.end, token.text))

    def _move_on(self, state: JoinState) -> None:
        """Forgets what no later window asks for."""
        told = state.next
        state.next += 1
        start, end = state.next * self.hop / 1e6, (state.next * self.hop + self.length) / 1e6
        state.held = [due for due in state.held if due.due > told]
        state.spoken = [due for due in state.spoken if end_of(due.item) > start]
        state.gaps = [gap for gap in state.gaps if gap.end > start]
        state.seen = {name: due for name, due in state.seen.items() if due > told - REMEMBERED}
        for modality, tokens in state.tokens.items():
            state.tokens[modality] = [token for token in tokens if token.end > start - self.reach_s[modality]]
        if isinstance(state, FineJoinState):
            for kind, rows in state.rows.items():
                first = row_at(start, state.hops[kind])
                state.rows[kind] = {number: row for number, row in rows.items() if number >= first}
        for marks in state.marks.values():
            while len(marks) > 1 and marks[0][0] < end:
                del marks[0]


def _key(message: AnyMessage) -> str:
    return f"{message.stream}|{message.epoch}"


def _spoken(state: JoinState, start: float, end: float) -> tuple[Utterance, ...]:
    """The utterances that touch a window, in order of time."""
    here = [due for due in state.spoken if due.due <= state.next]
    items = [due.item for due in here if isinstance(due.item, Utterance) and due.item.start < end and due.item.end > start]
    return tuple(sorted(items, key=lambda item: (item.start, item.id, item.rev)))
