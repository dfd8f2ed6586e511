"""`make demo`: makes the sample film, runs the main job on it, and says what was found and where to look."""

import pathlib
import sys

from schemas.codec import from_json
from schemas.messages import Event, Result, Utterance
from streamer import batch, wiring
from streamer.config import load
from streamer.demo.clip import compose
from streamer.errors import StreamerError
from streamer.progress import complain

TELL = ("says: banana", "shows: EXIT", "sees: a cup of coffee", "sees: a motorcycle")


def main(folder: pathlib.Path) -> int:
    """Everything into `folder`; the exit code."""
    film = folder / "sample.mp4"
    if not film.exists():
        print("a sample film is made from pictures in pip packages, sounds made here and sentences that come along …", flush=True)
        film.parent.mkdir(parents=True, exist_ok=True)
        compose(film)
    print("models are loaded …", flush=True)
    config = load().with_labels(TELL)
    models = wiring.load_models(config)
    for line in models.missing:
        complain(line)
    failed = batch.run([str(film)], str(folder / "results"), config, models)
    if not failed:
        _tell(folder / "results" / "sample")
    return 1 if failed else 0


def _tell(place: pathlib.Path) -> None:
    results: list[Result] = [from_json(line) for line in (place / "results.jsonl").read_bytes().splitlines()]
    print("\nWhat is said")
    for said in results:
        if isinstance(said, Utterance):
            print(f"  {_clock(said.start)}  {said.text or '(' + (said.reason or 'words unknown') + ')'}")
    print("\nWhat happens")
    for event in sorted((r for r in results if isinstance(r, Event) and r.phase == "ended"), key=lambda event: event.start):
        senses = ", ".join(f"{sense} {weight:+.1f}" for sense, weight in event.contributions.items() if sense != "prior" and weight)
        print(f"  {_clock(event.start)}–{_clock(event.end)}  {event.label:<24} {event.confidence:.2f}  because of {senses}")
    page = (place / "report.html").resolve()
    print(f"\nLook at it:        {page}")
    print(f"Your own film:     {_program()} run FILM.mp4 --out results --tell 'a dog barking'")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{seconds % 60:04.1f}"


def _program() -> str:
    """How this environment's `streamer` is called from here."""
    beside = pathlib.Path(sys.executable).with_name("streamer")
    return str(beside.relative_to(pathlib.Path.cwd())) if beside.is_relative_to(pathlib.Path.cwd()) else "streamer"


if __name__ == "__main__":
    try:
        sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "demo")))
    except StreamerError as error:
        complain(f"streamer: {error}")
        sys.exit(1)
