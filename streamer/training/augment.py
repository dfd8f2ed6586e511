"""What training does to a batch, so that a net works with what a running pipeline lacks.

B windows, M modalities, T bins, L labels.
"""

from dataclasses import replace

import msgspec
import torch
from torch import Tensor

from schemas.messages import MODALITIES
from streamer.training.inputs import Batch

SENSES = 3  # pictures, sound and words: one of them at least is kept


class Augment(msgspec.Struct, frozen=True, kw_only=True):
    """Probabilities, and how far."""

    modality: float = 0.25  # a modality is forced off
    token: float = 0.1  # a token is not there
    fine: float = 0.25  # a window has no fine features
    voice: float = 0.1  # of a window it is not known how anything is said
    hoarse: float = 0.2  # standard deviations by which it is told wrongly: there are few voices to learn from
    thin: float = 0.25  # a window has 1 picture a second and sound every .48 s
    jitter: float = 0.3  # the words, or the sound, of a window are moved
    jitter_s: float = 0.3  # by at most so much
    exchange: float = 0.25  # a window in which sight and sound should agree gets the sound of another
    reword: float = 0.5  # a window in which something announced comes gets another announcement


def keeps(size: int, chance: float, random: torch.Generator) -> Tensor:
    """Which modalities are not forced off, bool [B, M]; of pictures, sound and words one at least is kept."""
    keep = torch.rand(size, len(MODALITIES), generator=random) >= chance
    keep[~keep[:, :SENSES].any(1)] = True
    return keep


def roughened(batch: Batch, options: Augment, random: torch.Generator) -> Batch:
    """Some tokens and all fine features of some windows left out, others moved in time."""
    size = len(batch)
    chance = torch.rand(5, size, generator=random)
    fine = batch.fine & (chance[0] >= options.fine)[:, None]
    thin = (chance[1] < options.thin)[:, None]
    masks = {f"{name}_mask": mask & (torch.rand(mask.shape, generator=random) >= options.token) for name, mask in batch.masks().items()}
    for name in ("vision_mask", "sound_mask"):
        masks[name] = masks[name] & ~(thin & (torch.arange(masks[name].shape[1]) % 2 == 1))
    moved = (chance[2] < options.jitter) * (torch.rand(size, generator=random) * 2 - 1) * options.jitter_s
    sound, sound_mask = _moved(batch.sound, masks["sound_mask"], (chance[3] < options.jitter), random)
    return replace(
        batch,
        **masks | {"sound_mask": sound_mask},
        sound=sound,
        fine=fine,
        middle=batch.middle * fine[:, 0, None, None],
        motion=batch.motion * fine[:, 1, None, None],
        onsets=batch.onsets * fine[:, 2, None, None],
        voice=_blurred(batch.voice, options.hoarse, random) * (chance[4] >= options.voice)[:, None, None],
        text_spans=batch.text_spans + moved[:, None, None],
    )


def _blurred(voice: Tensor, by: float, random: torch.Generator) -> Tensor:
    """Somewhat wrong where it is known."""
    return voice + by * torch.randn(voice.shape, generator=random) * voice.any(-1, keepdim=True)


def _moved(sound: Tensor, mask: Tensor, chosen: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Patches of the chosen windows one place earlier or later."""
    step = torch.where(chosen, torch.randint(0, 2, chosen.shape, generator=random) * 2 - 1, 0)
    places = torch.arange(mask.shape[1]) + step[:, None]
    there = (places >= 0) & (places < mask.shape[1])
    places = places.clamp(0, mask.shape[1] - 1)
    return sound.gather(1, places[..., None].expand_as(sound)), mask.gather(1, places) & there
