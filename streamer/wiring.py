"""Where the steps meet: models loaded once, stages arranged, a film in and results out.

read ─ beside(see, transcribe, listen) ─ join ─ fuse ─ learn ─ interpret
"""

import functools
import pathlib
from collections.abc import Callable, Generator, Iterator
from typing import Any

import msgspec

import streamer
from schemas.codec import pack
from schemas.messages import MODALITIES, AnyMessage, Checkpoint, FusedWindow, Message, Modality, Result, StreamStatus, identity
from streamer.config import Bus, Config, Media
from streamer.errors import ModelError
from streamer.fitting import fitted
from streamer.fusion.fuse import Fuse, prompts, query_table
from streamer.fusion.trained import Learn, Model
from streamer.fusion.windows import Join
from streamer.interpret.interpret import Interpret
from streamer.labels import LabelSet, load
from streamer.media import sources
from streamer.media.reader import read
from streamer.models import encoders, places
from streamer.models.encoders import ImageEncoder, Queries, SoundEncoder, TextEncoder
from streamer.pipeline import Branch, Stage, abreast, apply, beside, restore, singly
from streamer.sound.listen import Listen
from streamer.speech import whisper
from streamer.speech.transcriber import Transcribe
from streamer.speech.whisper import Engine
from streamer.vision.keyframes import WIDTH_PX
from streamer.vision.ocr import LineReader, load_reader
from streamer.vision.see import MIDDLE_S, See

READ_S = 1.0  # writing is read once a second also where pictures are looked at twice as often: it costs more than all else that is seen


class Models(msgspec.Struct, kw_only=True):
    """What is loaded once and shared by all streams; None where it is not there."""

    labels: LabelSet
    text: TextEncoder | None = None
    image: ImageEncoder | None = None
    sound: SoundEncoder | None = None
    engine: Engine | None = None
    reader: LineReader | None = None
    queries: dict[Modality, Queries] = {}
    trained: Model | None = None
    names: dict[str, str] = {}  # role -> model, as results name it
    weights: dict[str, str] = {}  # model -> fingerprint of its files
    missing: list[str] = []  # a line each: what is not there, and what brings it


ROLE = {"engine": "speech", "image": "vision"}  # field of Models -> role in results, where they differ


def load_models(config: Config, labels: LabelSet | None = None) -> Models:
    """The models of a profile; what is missing is said, and the rest goes on. Errors: ConfigError, ModelError (wrong hash).

    `labels`: these and no others, untrained; else those of the options, and of the trained fusion if there is one.
    """
    models = Models(labels=labels or load(config.fusion.labels or None, config.tell))
    if config.vision.ocr:
        models.reader = load_reader()
        models.names["ocr"] = "rapidocr"
        models.weights["rapidocr"] = places.fingerprint("rapidocr")
    if config.profile == "none":
        return models
    wanted: dict[str, tuple[str, Any]] = {
        "text": (config.text.model, lambda: encoders.load_text(config.text.model)),
        "image": (config.vision.model, lambda: encoders.load_image(config.vision.model, models.text, config.fusion.fine)),
        "sound": (config.sound.model, lambda: encoders.load_sound(config.sound.model, models.text)),
        "engine": (config.speech.model, lambda: whisper.load(config.speech)),
    }
    absent: dict[str, list[str]] = {}
    for role, (name, make) in wanted.items():
        try:
            setattr(models, role, make())
            models.names[ROLE.get(role, role)] = models.engine.name if role == "engine" and models.engine else name
            models.weights[name] = places.fingerprint(name)
        except places.MissingError as error:
            absent.setdefault(error.bring, []).append(name)
        except ModuleNotFoundError as error:  # the container image for CPUs has no torch
            raise ModelError(f"model {name} needs the package {error.name}, which is not installed here (the cuda image has it)") from error
    said = "without {} there are facts but no words or labels for them: {}"
    models.missing = [said.format(", ".join(names), bring) for bring, names in absent.items()]
    if labels is None:
        models.labels, models.trained = fitted(config, models.labels, models.weights, functools.partial(_queries, models))
        if models.trained:
            models.names["fusion"] = models.weights["fusion"] = models.trained.known.model
    models.queries = _queries(models, models.labels)
    return models


def _queries(models: Models, labels: LabelSet) -> dict[Modality, Queries]:
    by_modality = {"vision": models.image, "sound": models.sound, "text": models.text, "ocr": models.text}
    wanted = prompts(labels)
    return {
        modality: query_table(labels, modality, encoder.queries(wanted[modality]))
        for modality in MODALITIES
        if (encoder := by_modality[modality]) is not None and wanted.get(modality)
    }


def fingerprint(config: Config, models: Models) -> str:
    """What results depend on besides the film: options, labels, models and this version."""
    config = msgspec.structs.replace(config, bus=Bus())  # where results go changes none of them
    options = msgspec.json.encode(config).decode()
    return identity(streamer.__version__, options, pack(models.labels).hex(), repr(sorted(models.weights.items())))


def perceive(config: Config, models: Models) -> list[Branch]:
    """The branches: each reads what the reader gives, none waits for another."""
    return [
        See(models.image, models.text, config.vision, models.reader, config.fusion.fine),
        Transcribe(models.engine, models.text, config.speech, profile=config.profile),
        Listen(models.sound, config.fusion.fine),
    ]


def conclude(config: Config, models: Models) -> list[Stage]:
    """The row behind the join."""
    known = models.trained.known if models.trained else None
    return [
        *_untrained(config, models),
        *([Learn(models.trained)] if models.trained or config.fusion.fine else []),
        Interpret(models.labels, config.interpret, config.profile, models.names, known),
    ]


def _untrained(config: Config, models: Models) -> list[Stage]:
    return [Join(config.fusion, models.labels.attention.reach_s), Fuse(models.labels, models.queries, config.fusion)]


def wanted(config: Config, models: Models) -> tuple[Media, tuple[int, int], bool]:
    """How a film is read: options, size of the encoder's image (height, width in px), whether pictures are given too."""
    options = config.media
    if not config.vision.ocr:  # small print is not read, and keyframes are no larger
        options = msgspec.structs.replace(options, picture_width_px=min(options.picture_width_px, WIDTH_PX))
    if config.fusion.fine:  # movement needs 8 thumbnails a second
        options = msgspec.structs.replace(options, frames_per_second=1 / MIDDLE_S, decode="full", picture_pause_s=READ_S)
    return options, models.image.size if models.image else (224, 224), config.vision.ocr or config.vision.keyframes


def understand(
    path: pathlib.Path, stream: str, config: Config, models: Models, resume: Checkpoint | None = None
) -> Generator[Message, None, None]:
    """Results, Pictures and Checkpoints of one film, the same bytes each time; `resume` goes on behind a Checkpoint.

    Errors: SourceError, MediaError.
    """
    branches, row = perceive(config, models), conclude(config, models)
    states = resume.states if resume else {}
    restore([*branches, *row], states)
    messages: Iterator[Message] = beside(media(path, stream, config, models, states.get("read")), branches)
    for stage in row:
        messages = apply(singly(messages), stage)
    for message in messages:
        yield stamped(message, config, models)


def media(path: pathlib.Path, stream: str, config: Config, models: Models, resume: bytes | None = None) -> Iterator[AnyMessage]:
    """What the senses are given of a film. Errors: SourceError, MediaError."""
    options, size, pictures = wanted(config, models)
    return read(path, stream, options, image_size=size, pictures=pictures, resume=resume)


def fusing(config: Config, models: Models) -> Callable[[pathlib.Path, str], Iterator[FusedWindow]]:
    """What gives the windows of one film after another, fused without training, on the calling thread. Errors: as `understand`."""
    senses, (join, fuse) = perceive(config, models), _untrained(config, models)

    def windows(path: pathlib.Path, stream: str) -> Iterator[FusedWindow]:
        messages = (message for message in media(path, stream, config, models) if not isinstance(message, Checkpoint))
        for message in apply(singly(apply(singly(abreast(messages, senses)), join)), fuse):
            if isinstance(message, FusedWindow):
                yield message

    return windows


def watch(source: str | pathlib.Path, config: Config | None = None) -> Iterator[Result]:
    """What is said, heard, seen and written in a film, as it becomes known. Errors: SourceError, MediaError, ModelError, ConfigError."""
    config = config or Config()
    [path] = sources.find([source])[:1]
    for message in understand(path, sources.stream_id(path), config, load_models(config)):
        if isinstance(message, Result):
            yield message


ROLES: dict[str, tuple[str, ...]] = {  # what a result of each type rests on
    "Utterance": ("speech",),
    "ScreenText": ("ocr",),
    "Sound": ("sound", "text"),
    "Sentiment": ("speech", "sound", "text"),
    "Event": ("vision", "sound", "text", "speech", "ocr"),
    "SceneDescription": ("vision", "sound", "text", "speech", "ocr"),
}


def stamped(message: Message, config: Config, models: Models) -> Message:
    """A result with the names of its models and the profile."""
    if not isinstance(message, Result):
        return message
    names = message.models or {role: models.names[role] for role in ROLES.get(type(message).__name__, ()) if role in models.names}
    message = msgspec.structs.replace(message, models=names, profile=config.profile)
    if isinstance(message, StreamStatus) and message.state == "online" and models.missing:
        return msgspec.structs.replace(message, state="degraded", reason="; ".join(models.missing))
    return message
