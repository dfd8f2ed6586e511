"""What the pipeline does at its best, as one loop without it: the difference is what the pipeline itself costs.

It decodes lazily, once and for a film like this one only, and makes of each sense what the models make of it. It finds no
shots, keyframes, movement or loudness, keeps no results and joins nothing.
"""

import sys
from collections.abc import Iterator

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from benchmarks.harness import Meter, tell
from benchmarks.programs.models import RATE_HZ, STEP_S, Encoders, load, patches
from streamer.config import Speech
from streamer.media.container import Packet
from streamer.models.encoders import ImageEncoder
from streamer.speech import segments, whisper
from streamer.speech.guards import Tongue
from streamer.speech.listening import listen
from streamer.speech.segments import Segment, SegmentState
from streamer.speech.vad import Silero, VoiceState, missing
from streamer.speech.whisper import Engine
from streamer.speech.words import phrases, said


def main() -> None:
    """The film named on the command line."""
    encoders, engine, voice = load(), whisper.load(Speech()), Silero()
    meter = Meter()
    times, images, sound = take(sys.argv[1], encoders.image)
    for image in images:
        encoders.image.encode(image[None])
    heard = [encoders.sound.encode(patch) for patch in patches(sound, encoders.sound)]
    words = speak(sound, encoders, engine, voice)
    tell(meter.report(times, len(images), len(heard), words))


def take(path: str, encoder: ImageEncoder) -> tuple[list[float], list[np.ndarray], np.ndarray]:
    """Times, uint8 [height, width, 3] each, and float32 [samples]: one pass, no frame decoded behind the last wanted one of its GOP."""
    resampler, scaler = AudioResampler("flt", "mono", RATE_HZ, options={"rematrix_maxval": "1"}), VideoReformatter()
    times, images, sound, gop = list[float](), list[np.ndarray](), list[np.ndarray](), list[Packet]()
    with av.open(path) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        video.thread_type = "NONE"
        for packet in file.demux(video, audio):
            if packet.stream is audio:
                frames = [frame for frame in packet.decode() if isinstance(frame, av.AudioFrame)]
                blocks = [block for frame in frames for block in resampler.resample(frame)]
                sound += [block.to_ndarray()[0] for block in blocks]
                continue
            if (packet.is_keyframe or not packet.size) and gop:
                for frame in wanted(gop, video.codec_context):
                    small = scaler.reformat(frame, *encoder.size[::-1], "rgb24", interpolation=Interpolation.BILINEAR, threads=1)
                    times.append(frame.time or 0.0)
                    images.append(small.to_ndarray())
                gop.clear()
            gop.append(packet)
    return times, images, np.concatenate(sound)


def wanted(gop: list[Packet], decoder: VideoCodecContext) -> Iterator[VideoFrame]:
    """The frames of a GOP at its beginning and each step behind it."""
    due, last = (float((packet.pts or 0) * (packet.time_base or 0)) for packet in (gop[0], gop[-1]))
    decoder.flush_buffers()
    for packet in gop:
        for frame in decoder.decode(packet):
            if frame.time is not None and frame.time >= due - 1e-6:
                yield frame
                due += STEP_S
        if due > last:
            return


def speak(sound: np.ndarray, encoders: Encoders, engine: Engine, voice: Silero) -> int:
    """Words in float32 [samples] that are spoken, written down; their phrases get their vectors."""
    words = 0
    for segment in spoken(sound, voice):
        english = listen(engine, segment, 0.0, Tongue(), Speech()).english
        encoders.text.encode([said(run) for run in phrases(english)] if english else [])
        words += len(english)
    return words


def spoken(sound: np.ndarray, voice: Silero) -> list[Segment]:
    """The segments of float32 [samples] in which somebody speaks."""
    memory, state, threshold = VoiceState(), SegmentState(), Speech().speech_threshold
    found = list(segments.advance(state, sound, voice(sound, memory), threshold))
    found += segments.advance(state, np.zeros(0, np.float32), voice(np.zeros(missing(memory), np.float32), memory), threshold)
    last = segments.finish(state, threshold)
    return [*found, last] if last else found


if __name__ == "__main__":
    main()
