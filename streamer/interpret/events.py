"""Scores become events: told when they start, while they last, and once with their final borders.

no event ── a run appears ──> started ── its borders change ──> updated ── its last bins are final ──> ended
                                 └──────────── no run is left when its bins are final ───────────────> retracted
"""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.messages import Event, Evidence, FusedWindow, Hit, ModalityState, Phase, identity
from streamer.interpret import runs, stitching
from streamer.interpret.evidence import Attended, PictureAt, Teller, attended, models_of, quoted, worthiest
from streamer.labels import Known, Label

Extent = tuple[float, float, float]  # start and end in seconds, confidence


class Active(NamedTuple):
    """An event, as far as it is known, that touches a window."""

    label: str
    start: float  # seconds
    end: float
    confidence: float
    bins: tuple[int, int]


class Happening(msgspec.Struct):
    """An event that was told and has not ended."""

    onset: int  # bin of the first detection: its name for ever
    start: int  # bins of the run as last seen
    stop: int
    rev: int = -1
    told: Extent | None = None  # as last published
    attended: list[Attended] = []
    hits: list[Hit] = []
    modalities: dict[str, ModalityState] = {}  # as in the last window that held it


class Track(msgspec.Struct):
    """What is kept of a label while something happens to it."""

    settled: int  # bin up to which everything has ended
    until: float = 0.0  # seconds: end of the last event
    running: bool = False  # an event was split at `settled`
    open: list[Happening] = []
    names: list[int] = []  # onsets that events were named by
    past: np.ndarray = msgspec.field(default_factory=lambda: np.zeros((0, stitching.COLUMNS)))
    # float64 [bins, COLUMNS]: of its oldest open event and a margin, up to the first stitched column


class EventState(msgspec.Struct):
    """All events of a stream."""

    stitched: stitching.Stitched = msgspec.field(default_factory=stitching.Stitched)
    tracks: dict[str, Track] = {}


@dataclasses.dataclass(frozen=True)
class Row:
    """One label over the bins of one look."""

    fused: FusedWindow
    label: Label
    number: int  # of the label in the fused window
    bin_s: float
    size: runs.Lengths
    first: int  # bin of the first column
    final: int  # bins from here on can still change
    columns: np.ndarray  # float64 [bins, COLUMNS]
    p: np.ndarray  # float64 [bins]
    known: Known | None  # of the trained fusion, if it speaks for the label

    def trained(self, bins: slice | int = slice(None)) -> np.ndarray:
        """Bool [bins]: whether a trained fusion has the greater say."""
        level = self.columns[bins, stitching.TRAINED]
        return level > (self.known.level / 2 if self.known else np.inf)

    def over(self, stop: int) -> bool:
        """Whether nothing can change any more about a run that ends at bin `stop`."""
        return self.fused.window.last or stop + self.size.settled <= self.final


def follow(
    state: EventState, fused: FusedWindow, labels: Mapping[str, Label], teller: Teller, picture: PictureAt
) -> tuple[list[Event], list[Active]]:
    """What one more window tells of the events of its stream, in order of their onsets; and all that happens in it."""
    known = stitching.stitch(state.stitched, fused)
    rows = _rows(known, fused, labels, teller.known)
    keep = max(known.first, known.final - runs.lengths(stitching.bin_length(fused)).settled)
    told: list[tuple[int, Event]] = []  # with the bin of the first detection
    active: list[Active] = []
    for row in rows:
        name = row.label.name
        if name not in state.tracks and (row.p < _thresholds(row)[0]).all():
            continue
        track = state.tracks.get(name) or Track(settled=known.first)
        row = _lengthened(track, row)
        happens: dict[int, Active] = {}
        for happening, phase, extent in _life(track, row, picture):
            if phase:
                told.append((happening.onset, _event(happening, phase, extent, row, teller)))
            if phase != "retracted":
                happens[happening.onset] = Active(name, *extent, (happening.start, happening.stop))
        active += [one for one in happens.values() if one.start < fused.window.end and one.end > fused.window.start]
        _forget(state.tracks, track, row, keep)
    state.stitched = stitching.trim(known, keep)
    return [event for _, event in sorted(told, key=lambda one: (one[0], one[1].label, one[1].rev))], active


def _rows(stitched: stitching.Stitched, fused: FusedWindow, labels: Mapping[str, Label], known: Known | None) -> Iterator[Row]:
    """A row for every label; there is nothing behind the end of the media."""
    bin_s = stitching.bin_length(fused)
    mean = stitched.mean(fused.prior)
    p = stitching.probabilities(mean)
    if fused.window.media_end is not None:
        p[:, (np.arange(stitched.first, stitched.stop) * bin_s) >= fused.window.media_end] = 0.0
    size = runs.lengths(bin_s)
    for number, name in enumerate(fused.labels):
        mine = known if known and name in known.labels else None
        yield Row(fused, labels[name], number, bin_s, size, stitched.first, stitched.final, mean[number], p[number], mine)


def _thresholds(row: Row) -> tuple[runs.Threshold, runs.Threshold]:
    """On and off: those of the label, and of the trained fusion where it has the greater say."""
    if row.known is None:
        return row.label.threshold, row.label.off
    on, off = row.known.thresholds[row.label.name]
    trained = row.trained()
    return np.where(trained, on, row.label.threshold), np.where(trained, off, row.label.off)


def _lengthened(track: Track, row: Row) -> Row:
    """The row, begun earlier by what was kept of an event that outlasts the stitched columns."""
    if not len(track.past):
        return row
    columns, p = np.concatenate((track.past, row.columns)), np.concatenate((stitching.probabilities(track.past), row.p))
    return dataclasses.replace(row, first=row.first - len(track.past), columns=columns, p=p)


def _forget(tracks: dict[str, Track], track: Track, row: Row, keep: int) -> None:
    """Keeps of a track what later windows need, where columns before bin `keep` will be gone."""
    if track.open:
        first = max(row.first, min(happening.start for happening in track.open) - row.size.settled)
        track.past = row.columns[first - row.first : max(0, keep - row.first)].copy()
    else:
        track.past = row.columns[:0].copy()
    track.names = [onset for onset in track.names if onset >= keep - len(track.past)]
    if track.open or track.names or track.settled > keep:
        tracks[row.label.name] = track
    else:
        tracks.pop(row.label.name, None)


# --- the life of an event ------------------------------------------------------------------------------------------


def _life(track: Track, row: Row, picture: PictureAt) -> Iterator[tuple[Happening, Phase | None, Extent]]:
    """All that happens, and which phase of it is to be told now, if any."""
    found = _runs(track, row)
    for happening, run in _matched(track, found):
        if run is not None:
            happening.start, happening.stop = run
            _remember(happening, row, picture)
            extent = _extent(happening, track, row)
            news: Phase = "updated" if happening.told else "started"
            yield happening, None if happening.told == extent else news, extent
            happening.told = extent
        if not row.over(happening.stop):
            continue
        track.open.remove(happening)
        if run is None:
            assert happening.told
            yield happening, "retracted", happening.told
            continue
        extent = _extent(happening, track, row, found)
        yield happening, "ended", extent
        track.settled, track.until = happening.stop, extent[1]
        track.running = happening.stop in [begin for begin, _ in found]


def _runs(track: Track, row: Row) -> list[tuple[int, int]]:
    begin = max(track.settled, row.first)
    here = slice(begin - row.first, None)
    on, off = (limit[here] if isinstance(limit, np.ndarray) else limit for limit in _thresholds(row))
    found = runs.runs(row.p[here], on, off, row.size, track.running and begin == track.settled)
    return [(begin + start, begin + stop) for start, stop in found]


def _matched(track: Track, found: list[tuple[int, int]]) -> list[tuple[Happening, tuple[int, int] | None]]:
    """Every open event with the first free run that it touches, and a new event for every run that is left; in order."""
    free, pairs = list(found), []
    for happening in track.open:
        run = next((run for run in free if run[0] < happening.stop and run[1] > happening.start), None)
        if run is not None:
            free.remove(run)
        pairs.append((happening, run))
    for run in free:
        onset = next(number for number in itertools.count(run[0]) if number not in track.names)  # one that has moved away keeps its name
        track.names.append(onset)
        track.open.append(Happening(onset=onset, start=run[0], stop=run[1]))
        pairs.append((track.open[-1], run))
    track.open.sort(key=lambda happening: happening.start)
    return sorted(pairs, key=lambda pair: (pair[1] or (pair[0].start, pair[0].stop), pair[0].onset))


def _remember(happening: Happening, row: Row, picture: PictureAt) -> None:
    """Adds what this window shows of an event."""
    fused, (begin, stop) = row.fused, (happening.start * row.bin_s, happening.stop * row.bin_s)
    window = fused.window
    happening.attended = worthiest((*happening.attended, *attended(fused, row.number, happening.start, happening.stop, picture)))
    known = {(hit.id, hit.modality, hit.start) for hit in happening.hits}
    for hit in fused.hits:
        if hit.label == row.label.name and hit.start < stop and hit.end > begin and (hit.id, hit.modality, hit.start) not in known:
            happening.hits = [*happening.hits, hit]
    if window.start < stop and window.end > begin:
        happening.modalities = {
            name: ModalityState(status=status, coverage=window.coverage.get(name, 0.0)) for name, status in window.status.items()
        }


# --- what is published ---------------------------------------------------------------------------------------------


def _extent(happening: Happening, track: Track, row: Row, found: list[tuple[int, int]] | None = None) -> Extent:
    """Start and end in seconds and the confidence; given all runs `found`, with refined borders, for the last word on it.

    The border of words that were asked for is their own; a border at which an event was split stays.
    """
    run, bin_s, media_end = (happening.start - row.first, happening.stop - row.first), row.bin_s, row.fused.window.media_end
    first, last = run
    if found is not None:
        first, last = runs.borders(row.p, run, row.size, max(0, track.settled - row.first))
        first = run[0] if track.running and happening.start == track.settled else first
        last = run[1] if happening.stop in [begin for begin, _ in found] else last
    start, end = (row.first + first) * bin_s, (row.first + last) * bin_s
    start = max(track.until, min((hit.start for hit in happening.hits if _holds(hit, happening.start, bin_s)), default=start))
    end = max(start, max((hit.end for hit in happening.hits if _holds(hit, happening.stop - 1, bin_s)), default=end))
    return start, end if media_end is None else min(end, media_end), runs.confidence(row.p[first:last])


def _holds(hit: Hit, number: int, bin_s: float) -> bool:
    return hit.start < (number + 1) * bin_s and hit.end > number * bin_s


def _event(happening: Happening, phase: Phase, extent: Extent, row: Row, teller: Teller) -> Event:
    window, label = row.fused.window, row.label
    happening.rev += 1
    begin = happening.start - row.first
    strongest = begin + int(row.p[begin : happening.stop - row.first].argmax())
    known = row.known if row.trained(strongest) else None
    declared = known.declares[label.name] if known else label.modalities
    parts = dict(zip(stitching.CHANNELS, row.columns[strongest].tolist(), strict=False))
    contributions = {name: part for name, part in parts.items() if part or name == "prior" or name in declared}
    speaking = {name for name, part in parts.items() if part > 0}
    evidence = _evidence(happening, speaking | set(declared) if "together" in speaking else speaking)
    return Event(
        stream=window.stream,
        epoch=window.epoch,
        id=identity(window.stream, window.epoch, "event", label.name, happening.onset),
        rev=happening.rev,
        window=window.id,
        models=models_of(teller.models, declared) | ({"fusion": known.model} if known else {}),
        calibration=known.calibration if known else "prior",
        profile=teller.profile,
        event_id=f"{window.stream}:{window.epoch}:{label.name}:{happening.onset}",
        phase=phase,
        label=label.name,
        start=extent[0],
        end=extent[1],
        confidence=extent[2],
        threshold=known.thresholds[label.name][0] if known else label.threshold,
        contributions=contributions,
        evidence=evidence,
        severity=label.severity,
        modalities=happening.modalities,
        level=known.level if known else 0,
    )


def _evidence(happening: Happening, speaking: set[str]) -> tuple[Evidence, ...]:
    """The tokens and words inside the event, of the modalities that spoke for it; `together` speaks through all that it relates."""
    words = list(map(quoted, happening.hits))
    exact = {(one.modality, one.quote) for one in words}
    inside = [one.evidence for one in happening.attended if happening.start <= one.bin < happening.stop]
    every = [*words, *(one for one in inside if (one.modality, one.quote) not in exact)]
    return tuple(sorted((one for one in every if one.modality in speaking), key=lambda one: (one.modality, one.start, one.end)))
