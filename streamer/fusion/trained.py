"""The stage behind `fuse`: what a trained fusion says of a window in its reach takes the place of what was found untrained.

    in reach       its labels: prior + what each sense says + together      all others: as they were
    out of reach   all labels as they were, level 0

A window is in reach if it and the one before it are near enough to the windows of training: a black picture is near, but
tells nothing of what it stands in. Windows are looked at one by one, so their numbers do not depend on what is in a batch with them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np

from schemas.messages import MODALITIES, AnyMessage, Estimate, Felt, FusedWindow, Modality, Trained, Window
from streamer.fusion.arrays import arrays
from streamer.fusion.fuse import Fuse
from streamer.fusion.learned import Learned, Said
from streamer.fusion.reach import Reach
from streamer.labels import Known


@dataclass(frozen=True, eq=False)
class Model:
    """A trained fusion with all that it needs when it runs."""

    learned: Learned
    reach: Reach | None  # None: it was fitted to the user's own windows and speaks everywhere
    anchor: Fuse  # the untrained evidence that it was trained on, for its labels in its order
    known: Known

    def __call__(self, window: Window, trusted: bool) -> "tuple[Answer | None, bool]":
        """What it says of one window, if the one before was near; and whether this one is."""
        [anchor] = self.anchor([window])
        assert isinstance(anchor, FusedWindow)
        made = arrays(anchor)
        near = self.reach is None or self.reach.inside(made)
        if not (near and trusted):
            return None, near
        present = tuple(modality for modality in MODALITIES if made[f"{modality}_mask"].any())
        said = self.learned({name: array[None] for name, array in made.items()}, feel=bool(window.utterances))
        return Answer(said, anchor, present), near


class Answer(NamedTuple):
    """Of a trained fusion to one window."""

    said: Said
    anchor: FusedWindow  # the untrained evidence
    present: tuple[Modality, ...]  # modalities that it read


class LearnState(msgspec.Struct):
    """What is kept of a stream."""

    near: bool = True  # the window before was near to those of training


class Learn:
    """FusedWindows in and out; what is fine ends here, for nothing behind needs it."""

    name = "learn"
    reads = (FusedWindow,)
    state_type = LearnState

    def __init__(self, model: Model | None) -> None:
        """Without a model nothing is added."""
        self.states: dict[str, LearnState] = {}
        self.model = model

    def __call__(self, batch: Sequence[AnyMessage]) -> Iterable[AnyMessage]:
        """What follows from a batch, in order."""
        for message in batch:
            yield self._learn(message) if isinstance(message, FusedWindow) else message

    def _learn(self, fused: FusedWindow) -> FusedWindow:
        if self.model:
            key = f"{fused.stream}|{fused.epoch}"
            state = self.states.setdefault(key, LearnState())
            answer, state.near = self.model(fused.window, state.near)
            if answer:
                fused = _joined(fused, self.model, answer)
            if fused.window.last:
                del self.states[key]
        return msgspec.structs.replace(fused, window=msgspec.structs.replace(fused.window, fine=msgspec.UNSET))


def _joined(fused: FusedWindow, model: Model, answer: Answer) -> FusedWindow:
    rows = [fused.labels.index(name) for name in model.known.labels]
    theirs = [answer.anchor.labels.index(name) for name in model.known.labels]
    parts = answer.said.parts[0][theirs]  # float32 [labels it speaks for, bins, PARTS]
    prior, evidence = fused.prior.copy(), fused.evidence.copy()
    prior[rows], evidence[rows] = parts[:, 0, 0], parts[..., 1:-1]
    spoken, together = np.zeros(len(prior), bool), np.zeros(evidence.shape[:2], np.float32)
    spoken[rows], together[rows] = True, parts[..., -1]
    return msgspec.structs.replace(
        fused,
        prior=prior,
        evidence=evidence,
        looked=dict(_looked(fused, answer.anchor, rows, theirs)),
        hits=tuple(hit for hit in fused.hits if hit.label not in model.known.labels),  # a quoted greeting is none
        level=model.learned.level,
        trained=Trained(labels=spoken, together=together, mood=_felt(answer, fused.window)),
    )


def _looked(fused: FusedWindow, anchor: FusedWindow, rows: list[int], theirs: list[int]) -> Iterator[tuple[str, np.ndarray]]:
    """By modality, where the labels looked; those of the trained fusion as the evidence that it starts from did."""
    for modality in MODALITIES:
        both = [one.looked.get(modality) for one in (fused, anchor)]
        if (some := next((looked for looked in both if looked is not None), None)) is None:
            continue
        looked = np.zeros((len(fused.labels), *some.shape[1:]), np.float32) if both[0] is None else both[0].copy()
        looked[rows] = 0 if both[1] is None else both[1][theirs]
        yield modality, looked


def _felt(answer: Answer, window: Window) -> Felt | None:
    """The mood where somebody speaks; what pictures and noises alone would tell of it is nobody's."""
    mood, shares = answer.said.mood, answer.said.shares
    if mood is None or shares is None:
        return None
    there = [(name, MODALITIES.index(name)) for name in answer.present]
    return Felt(
        valence=float(mood.overall[0]),
        sd=_sd(mood.overall_log_variance[0]),
        unimodal={name: Estimate(value=float(mood.value[0, m]), sd=_sd(mood.log_variance[0, m])) for name, m in there},
        contributions={name: float(shares[0, m]) for name, m in there},
        conflict=float(1 / (1 + np.exp(-mood.conflict[0]))),
    )


def _sd(log_variance: np.ndarray) -> float:
    return float(np.exp(log_variance / 2))
