"""The encoders by name: those of the table, and local directories of transformers models."""

import json
import pathlib

from streamer.errors import ModelError
from streamer.models import pictures, places, sounds
from streamer.models.protocols import ImageEncoder, Queries, SoundEncoder, TextEncoder
from streamer.models.table import TABLE, Kind
from streamer.models.text import NEUTRAL, SentenceEncoder

__all__ = ["ImageEncoder", "Queries", "SoundEncoder", "TextEncoder", "load_image", "load_sound", "load_text"]

TEXT = "minilm-l6"  # whose words classifiers speak


def load_text(name: str = TEXT) -> TextEncoder:
    """An encoder of sentences. Errors: ModelError."""
    folder, architecture = _found(name, "text")
    prefix = TABLE[name].prefix if name in TABLE else ""
    first_token = _pools_first_token(folder)
    if architecture.startswith("Bert") and (folder / "tokenizer.json").is_file() and not first_token:
        return SentenceEncoder(name, prefix)
    from streamer.models import hub  # here: torch, which the offline profile does without

    return hub.Sentences(name, folder, prefix, first_token, NEUTRAL)


def load_image(name: str, text: TextEncoder | None = None, fine: bool = False) -> ImageEncoder:
    """An encoder of pictures; classifiers speak through the words of `text`. Errors: ModelError.

    `fine`: a FineImageEncoder, where the model is one that can be.
    """
    folder, architecture = _found(name, "vision")
    if name in TABLE and TABLE[name].files:
        return pictures.load(name, text or load_text(), fine)
    from streamer.models import hub, towers  # here: torch, which the offline profile does without

    if architecture.endswith("ForImageClassification"):
        return hub.image_classifier(name, folder, text or load_text())
    return towers.ImageTowers(name, folder)


def load_sound(name: str, text: TextEncoder | None = None) -> SoundEncoder:
    """An encoder of sounds; classifiers speak through the words of `text`. Errors: ModelError."""
    folder, architecture = _found(name, "sound")
    if name in TABLE and TABLE[name].files:
        return sounds.load(name, text or load_text())
    from streamer.models import hub, towers  # here: torch, which the offline profile does without

    if architecture.endswith(("ForAudioClassification", "ForSequenceClassification")):
        return hub.sound_classifier(name, folder, text or load_text())
    return towers.SoundTowers(name, folder)


def _found(name: str, kind: Kind) -> tuple[pathlib.Path, str]:
    """The folder of a model, and the class its config.json names ("": no config)."""
    if name in TABLE and TABLE[name].kind != kind:
        names = ", ".join(model.name for model in TABLE.values() if model.kind == kind)
        raise ModelError(f"model {name}: is for {TABLE[name].kind}; expected one for {kind}: {names}")
    folder = places.directory(name)
    config = folder / "config.json"
    architectures = json.loads(config.read_text("utf-8")).get("architectures") if config.is_file() else None
    return folder, str((architectures or [""])[0])


def _pools_first_token(folder: pathlib.Path) -> bool:
    """Whether a sentence is its first token (BGE) rather than the mean over tokens (MiniLM, E5)."""
    pooling = folder / "1_Pooling" / "config.json"
    return pooling.is_file() and bool(json.loads(pooling.read_text("utf-8")).get("pooling_mode_cls_token"))
