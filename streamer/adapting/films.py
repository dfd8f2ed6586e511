"""Films that were marked, read by the pipeline itself; what its encoders said is kept, so that a second run is quick."""

import pathlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from schemas.messages import FusedWindow
from streamer import wiring
from streamer.adapting.rows import Row
from streamer.config import Config
from streamer.errors import ConfigError
from streamer.fusion.arrays import arrays
from streamer.media import sources
from streamer.media.probe import probe
from streamer.progress import BatchProgress
from streamer.training import cache
from streamer.training.cache import Examples

Windows = Callable[[pathlib.Path, str], Iterator[FusedWindow]]


class Recording(NamedTuple):
    """A film and the rows that speak of it."""

    path: pathlib.Path
    stream: str  # the same for the same bytes, whatever the file is called
    length_s: float  # 0: unknown
    rows: tuple[Row, ...]


def find(windows: pathlib.Path, rows: Sequence[Row]) -> list[Recording]:
    """The films of rows, by name; the same bytes are one recording. Errors: ConfigError, SourceError, MediaError."""
    found: dict[str, Recording] = {}
    for path in sorted({row.file for row in rows}):
        own = tuple(row for row in rows if row.file == path)
        length_s = probe(path).duration_s
        for row in own:
            if length_s and row.start >= length_s:
                raise ConfigError(f"{windows}: row {row.number}: begins at {row.start:g} s, but {path} ends at {length_s:.1f} s")
        stream = sources.stream_id(path)
        known = found.get(stream)
        found[stream] = known._replace(rows=known.rows + own) if known else Recording(path, stream, length_s, own)
    return list(found.values())


def watch(
    recordings: Sequence[Recording], config: Config, models: wiring.Models, folder: pathlib.Path, quiet: bool = False
) -> list[Examples]:
    """Features of each film, from `folder` where they are kept. Errors: SourceError, MediaError, StoreError."""
    fingerprint = wiring.fingerprint(config, models)[:16]
    windows = wiring.fusing(config, models)
    places = [folder / f"{recording.stream[2:18]}-{fingerprint}" for recording in recordings]
    new = [(recording, place) for recording, place in zip(recordings, places, strict=True) if not place.exists()]
    with BatchProgress(len(new), sum(recording.length_s for recording, _ in new), quiet) as progress:
        for recording, place in new:
            progress.begin(recording.path.name, recording.length_s, 0.0)
            _watch(recording, windows, place, models.labels.names, progress)
            progress.end(f"{recording.path.name}: read")
    return [cache.load(place) for place in places]


def _watch(recording: Recording, windows: Windows, place: pathlib.Path, names: tuple[str, ...], progress: BatchProgress) -> None:
    part = place.with_name(f"{place.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    shard: list[dict[str, np.ndarray]] = []
    truth: list[dict[str, float]] = []
    shards = 0
    for fused in windows(recording.path, recording.stream):
        shard.append(arrays(fused) | cache.unknown(len(names)))
        truth.append({"start": fused.window.start, "end": fused.window.end})
        progress.reach(fused.window.end)
        if len(shard) == cache.SHARD:
            cache.write(part, shards, cache.stacked(shard, names, truth))
            shard, truth, shards = [], [], shards + 1
    if shard:
        cache.write(part, shards, cache.stacked(shard, names, truth))
    part.replace(place)
