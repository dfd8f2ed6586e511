"""What happens in a film, as it becomes known: python examples/watch_file.py FILM"""

import sys

import streamer
from schemas.messages import Event, SceneDescription, ScreenText, Utterance

for message in streamer.watch(sys.argv[1]):
    match message:
        case Utterance(text=str(text)):
            print(f"{message.start:7.1f} s  said     {text}")
        case ScreenText():
            print(f"{message.start:7.1f} s  written  {message.text}")
        case SceneDescription():
            print(f"{message.start:7.1f} s  scene    {message.text}")
        case Event(phase="started"):
            print(f"{message.start:7.1f} s  event    {message.label} ({message.confidence:.2f})")
