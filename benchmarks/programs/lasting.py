"""`streamer run` on one film, watched from inside: how much memory the process has as the film goes by."""

import pathlib
import sqlite3
import sys
import threading
import time

from benchmarks.harness import memory
from streamer import batch
from streamer.config import Config
from streamer.store.results import FILE
from streamer.wiring import load_models

EVERY_S = 0.5  # on the clock


def main() -> None:
    """The film and the folder named on the command line; lines of media seconds and Memory."""
    film, out = sys.argv[1:]
    models = load_models(Config())
    threading.Thread(target=watch, args=(pathlib.Path(out),), daemon=True).start()
    sys.exit(batch.run([film], out, Config(), models, quiet=True))


def watch(out: pathlib.Path) -> None:
    """Says how things are until the film is told."""
    while not (out / FILE).exists():
        time.sleep(EVERY_S)
    with sqlite3.connect(f"file:{out / FILE}?mode=ro", uri=True) as store:
        position, state = 0.0, "running"
        while state == "running":
            print(position, *memory(), flush=True)
            time.sleep(EVERY_S)
            position, state = store.execute("SELECT position, state FROM films").fetchone() or (0.0, "running")


if __name__ == "__main__":
    main()
