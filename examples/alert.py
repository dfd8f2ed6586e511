"""A line, and a command if you like, when something happens in a film.

python examples/alert.py FILM "says: banana" "a dog barking"
ALERT='notify-send "$LABEL at $TIME s"' python examples/alert.py FILM "a dog barking"
"""

import os
import subprocess
import sys

import streamer
from schemas.messages import Event

film, *labels = sys.argv[1:]
command = os.environ.get("ALERT")
for message in streamer.watch(film, streamer.Config().with_labels(labels)):
    if isinstance(message, Event) and message.phase == "started" and message.label in labels:
        why = ", ".join(f"{sense} {share:+.1f}" for sense, share in message.contributions.items())
        print(f"{message.label} at {message.start:.1f} s, confidence {message.confidence:.2f} ({why})", flush=True)
        if command:  # what a stranger may have named goes through the environment, never into the command itself
            subprocess.run(command, shell=True, check=False, env=os.environ | {"LABEL": message.label, "TIME": f"{message.start:.1f}"})
