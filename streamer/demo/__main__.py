"""`make demo`: makes two films, runs the main job on them, and says what was found, what is true, and where to look.

sample.mp4 is of photographs and sentences, and what is looked for is asked for in words; made.mp4 is of the made world, for which
the trained fusion that comes along speaks: its families are none that it was trained on.
"""

import json
import pathlib
import sys

from schemas.codec import from_json
from schemas.messages import Event, Result, Utterance
from streamer import batch, wiring
from streamer.config import Config, load
from streamer.demo.clip import compose
from streamer.demo.truth import check
from streamer.errors import StreamerError
from streamer.progress import complain
from streamer.synth import film, script

TELL = ("says: banana", "shows: EXIT", "sees: a cup of coffee", "sees: a motorcycle")
SEED, SCENES = 170, 6  # of the made film
RELATED = "fusion.level=3"  # for it: what only shows in two senses together too


def main(folder: pathlib.Path) -> int:
    """Everything into `folder`; the exit code."""
    sample, made, results = folder / "sample.mp4", folder / "made.mp4", folder / "results"
    if not sample.exists():
        print("a sample film is made from pictures in pip packages, sounds made here and sentences that come along …", flush=True)
        sample.parent.mkdir(parents=True, exist_ok=True)
        compose(sample)
    if not made.exists():
        print("a film is drawn of whose every half second the truth is known …", flush=True)
        film.write(script.write(SEED, "demo", SCENES), made)
    failed = _run(sample, results, load().with_labels(TELL)) + _run(made, results, load(settings=[RELATED]))
    if not failed:
        _tell(_results(results / "sample"))
        _compare(_results(results / "made"), json.loads(made.with_suffix(".json").read_bytes()))
        for shown in ("sample", "made"):
            print(f"\nLook at {shown + ':':<11}{(results / shown / 'report.html').resolve()}", end="")
        print(f"\nYour own film:     {_program()} run FILM.mp4 --out results --tell 'a dog barking'")
    return 1 if failed else 0


def _run(film: pathlib.Path, results: pathlib.Path, config: Config) -> int:
    print("models are loaded …", flush=True)
    models = wiring.load_models(config)
    for line in models.missing:
        complain(line)
    return batch.run([str(film)], str(results), config, models)


def _results(place: pathlib.Path) -> list[Result]:
    return [from_json(line) for line in (place / "results.jsonl").read_bytes().splitlines()]


def _tell(results: list[Result]) -> None:
    print("\nWhat is said in sample.mp4")
    for said in results:
        if isinstance(said, Utterance):
            print(f"  {_clock(said.start)}  {said.text or '(' + (said.reason or 'words unknown') + ')'}")
    print("\nWhat happens there")
    for event in sorted((r for r in results if isinstance(r, Event) and r.phase == "ended"), key=lambda event: event.start):
        print(_line(event))


def _compare(results: list[Result], truth: dict[str, object]) -> None:
    found = check(results, truth)
    lines = [(event.start, f"{_line(event):<110} right") for event in found.right]
    lines += [(event.start, f"{_line(event):<110} WRONG") for event in found.wrong]
    lines += [(one["start"], f"  {_clock(one['start'])}–{_clock(one['end'])}  {one['label']:<24} missed") for one in found.missed]
    lines += [
        (start, f"  {_clock(start)}  senses disagree about the mood: {'right' if told else 'missed'}") for start, told in found.conflicts
    ]
    lines += [(start, f"  {_clock(start)}  senses disagree about the mood: WRONG") for start in found.quarrels]
    print("\nWhat happens in made.mp4, by the trained fusion, beside what is true")
    for _, line in sorted(lines):
        print(line)


def _line(event: Event) -> str:
    senses = ", ".join(f"{sense} {weight:+.1f}" for sense, weight in event.contributions.items() if sense != "prior" and weight)
    return f"  {_clock(event.start)}–{_clock(event.end)}  {event.label:<24} {event.confidence:.2f}  because of {senses}"


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
