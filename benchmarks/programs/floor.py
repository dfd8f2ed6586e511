"""The least that decoding and models cost: ffmpeg decodes the film to nothing, and the models run once on each of their inputs.

Everything that leads to these inputs is done before the clock starts.
"""

import shutil
import subprocess
import sys

import av

from benchmarks.harness import Meter, tell
from benchmarks.programs import bare
from benchmarks.programs.models import load, patches
from streamer.config import Speech
from streamer.speech import whisper
from streamer.speech.vad import Silero, VoiceState


def main() -> None:
    """The film named on the command line."""
    path = sys.argv[1]
    encoders, engine, voice = load(), whisper.load(Speech()), Silero()
    times, images, sound = bare.take(path, encoders.image)
    pieces, segments = list(patches(sound, encoders.sound)), bare.spoken(sound, voice)
    meter = Meter()
    decode(path)
    for image in images:
        encoders.image.encode(image[None])
    for piece in pieces:
        encoders.sound.encode(piece)
    voice(sound, VoiceState())
    words = 0
    for segment in segments:
        encoded = engine.encode(segment.sound)
        language = max(engine.languages(encoded).items(), key=lambda found: found[1])[0]
        transcript = engine.transcribe(encoded, language)
        encoders.text.encode([transcript.text])
        words += len(transcript.words)
    tell(meter.report(times, len(images), len(pieces), words))


def decode(path: str) -> None:
    """Every frame of all tracks, on one thread."""
    if program := shutil.which("ffmpeg"):
        subprocess.run([program, "-v", "error", "-threads", "1", "-i", path, "-f", "null", "-"], check=True)
        return
    with av.open(path) as file:
        file.streams.video[0].thread_type = "NONE"
        for packet in file.demux():
            packet.decode()


if __name__ == "__main__":
    main()
