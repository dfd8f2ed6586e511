"""Films in, a folder of results each: `streamer run`. A film that is refused costs one line; the others go on."""

import pathlib
from collections.abc import Iterable, Sequence

import msgspec

from schemas.messages import Checkpoint, Message, Picture, Result, WindowClosed
from streamer.config import Config
from streamer.errors import StoreError, StreamerError
from streamer.files import write_whole
from streamer.media import sources
from streamer.media.probe import Probe, probe
from streamer.progress import BatchProgress
from streamer.report import index, page
from streamer.report.film import Film as Shown
from streamer.store.results import Film, Store
from streamer.wiring import Models, fingerprint, understand


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A film that can be read."""

    path: pathlib.Path
    stream: str
    probe: Probe


def run(paths: Sequence[str], out: str, config: Config, models: Models, quiet: bool = False) -> int:
    """Every film's folder under `out`; the number of sources and films that were refused. Errors: StoreError."""
    store = Store(pathlib.Path(out))
    try:
        jobs, refused = _jobs(paths)
        for line in refused.values():
            BatchProgress(0, 0.0).complain(line)
        pipeline = fingerprint(config, models)
        with BatchProgress(len(jobs), sum(job.probe.duration_s for job in jobs), quiet) as progress:
            failed = sum(not _one(job, store, config, models, pipeline, progress) for job in jobs)
        try:
            _index(store, refused)
        except StoreError:
            if not failed:  # else it has been said
                raise
        return failed + len(refused)
    finally:
        store.close()


def _jobs(paths: Iterable[str]) -> tuple[list[Job], dict[str, str]]:
    """The films to do, each content once, and for each source that is none a line that says why."""
    jobs: dict[str, Job] = {}
    refused: dict[str, str] = {}
    for given in paths:
        try:
            found = sources.find([given])
        except StreamerError as error:
            refused[given] = str(error)
            continue
        for path in found:
            try:
                stream = sources.stream_id(path)
                jobs.setdefault(stream, Job(path=path.resolve(), stream=stream, probe=probe(path)))
            except StreamerError as error:
                refused[str(path)] = str(error)
    return list(jobs.values()), refused


def _one(job: Job, store: Store, config: Config, models: Models, pipeline: str, progress: BatchProgress) -> bool:
    """Does what is left to do for a film; whether it is done."""
    film = store.begin(job.stream, job.path, pipeline)
    place = store.folder / film.name
    progress.begin(film.name, job.probe.duration_s, film.position)
    if film.state == "done" and (place / "report.html").exists():
        progress.end(f"{job.path.name}: done before, see {place / 'report.html'}")
        return True
    try:
        if film.state == "running":
            _understand(job, film, store, config, models, progress)
        _write(job, film, store, place)
        store.mark(job.stream, "done")
    except StoreError as error:  # the disk is full or closed to us: this cannot be written down either
        progress.end("")
        progress.complain(f"{job.path}: {error}")
        return False
    except StreamerError as error:
        store.mark(job.stream, "failed", str(error))
        progress.end("")
        progress.complain(str(error))
        return False
    progress.end(f"{job.path.name}: {place / 'report.html'}")
    return True


def _understand(job: Job, film: Film, store: Store, config: Config, models: Models, progress: BatchProgress) -> None:
    """Results into the store, from the last line that was written; a killed run goes on there."""
    place = store.folder / film.name
    results: list[Result] = []
    position = film.position
    messages: Iterable[Message] = understand(job.path, job.stream, config, models, film.checkpoint)
    for message in messages:
        match message:
            case Picture():
                write_whole(place / message.ref, message.jpeg)
            case Checkpoint():
                store.add(job.stream, results, message)
                results = []
            case Result():
                results.append(message)
                if isinstance(message, WindowClosed):
                    position = max(position, message.end)
                    progress.reach(message.end)
    store.finish(job.stream, results, position)


def _write(job: Job, film: Film, store: Store, place: pathlib.Path) -> None:
    """The files of a film's folder, from the store."""
    write_whole(place / "results.jsonl", (line + b"\n" for line in store.lines(job.stream)))
    video, audio = job.probe.video, job.probe.audio
    shown = Shown(
        path=job.path, plays=job.probe.plays, duration_s=job.probe.duration_s or None,
        video=video.index if video else None, audio=audio.index if audio else None,
    )  # fmt: skip
    page.write_report(place, shown, store.results(job.stream))


def _index(store: Store, refused: dict[str, str]) -> None:
    entries = [index.Entry(film.name, pathlib.Path(film.path).name, film.reason) for film in store.films()]
    entries += [index.Entry("", pathlib.Path(path).name, reason) for path, reason in refused.items()]
    index.write_index(store.folder, entries)
