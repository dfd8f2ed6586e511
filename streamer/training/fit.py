"""The training loop: scalars first, then everything, an average of the weights chosen on windows of other families.

B windows of a batch, M modalities, T bins, L labels.
"""

import math
import pathlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from streamer.training import augment, losses
from streamer.training.across import across, drawn, halves
from streamer.training.alignment import alignment
from streamer.training.augment import Augment
from streamer.training.cache import Examples
from streamer.training.checkpoint import Checkpoint
from streamer.training.exchange import Partners
from streamer.training.inputs import Batch, Projections, dims
from streamer.training.levels import Sum
from streamer.training.metrics import bin_precision, mean
from streamer.training.nets import Net
from streamer.training.plan import FORMS, Plan
from streamer.training.rewording import Announcements
from streamer.training.samples import Samples, samples

GATE = 30.0  # times the rate of other weights
STEPS = 150  # of L-BFGS, for scalars
BELOW = "below"  # folder of the checkpoint of the level that a level begins as
AT_ONCE = 128  # windows that are scored in one go


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How a net is trained."""

    epochs: int = 20
    batch: int = 48
    rate: float = 3e-3  # of AdamW, at its highest; these widths are small
    warm: int = 40  # steps in which the rate rises
    decay: float = 0.02  # of matrices
    clip: float = 1.0  # norm of the gradient
    average: float = 0.99  # share of the running mean of weights that a step keeps
    focal: float = losses.FOCAL
    across: int = 16  # windows across a cut that a step sees besides
    announced: int = 16  # windows with an announcement that a step sees besides, always with another one: they are rare
    align: float = 1.0  # weight of the loss that draws announcements to what they announce
    augment: Augment = Augment()
    seed: int = 0  # of everything that is drawn


@dataclass(frozen=True, eq=False)
class Data:
    """Both splits that training sees, projected."""

    train: Samples
    val: Samples
    projections: Projections
    names: tuple[str, ...]
    dims: dict[str, int]


Tell = Callable[[str], None]


def prepare(train: Examples, val: Examples) -> Data:
    """Fits the projections to the training windows and applies them to both splits."""
    projections = Projections(dims(train))
    projections.fit(train)
    return Data(samples(train, projections), samples(val, projections), projections, train.names, dims(train))


def train(data: Data, plan: Plan, recipe: Recipe, folder: pathlib.Path | None = None, tell: Tell = print) -> Net:
    """A net, trained and calibrated.

    Args:
        data: what it is trained on and chosen by.
        plan: what it is built from.
        recipe: how.
        folder: of the checkpoint; training goes on from one that is there.
        tell: is given a line after every epoch.
    """
    torch.manual_seed(recipe.seed)
    net = Net(plan)
    net.projections.load_state_dict(data.projections.state_dict())
    if isinstance(net.fusion, Sum) and plan.mode != "level0":
        fit_anchor(net.fusion, data.train)
        if plan.mode == "level3":  # from scratch, the relation is learnt at the cost of what single senses tell
            simpler = msgspec.structs.replace(plan, mode="level2", forms=FORMS)  # the same below whatever comes on top
            below = train(data, simpler, recipe, folder and folder / BELOW, tell)
            assert isinstance(below.fusion, Sum)
            net.fusion.start_from(below.fusion)
    if plan.mode not in ("level0", "level1"):
        Loop(net, data, recipe).run(Checkpoint(folder, {"plan": plan, "recipe": recipe}) if folder else None, tell)
    if plan.mode != "level0":
        calibrate(net, data.val, recipe.across > 0)
    return net.eval()


class Loop:
    """Epochs over the training windows."""

    def __init__(self, net: Net, data: Data, recipe: Recipe) -> None:
        self.net, self.data, self.recipe = net, data, recipe
        self.averaged = {name: value.detach().clone() for name, value in net.fusion.named_parameters()}
        self.best = {name: value.clone() for name, value in self.averaged.items()}
        self.best_score = -math.inf
        self.epoch = 0
        self.optimiser = torch.optim.AdamW(groups(net.fusion, recipe.decay), lr=recipe.rate, fused=True)
        self.partners = Partners(data.train, net.plan)
        self.announcements = Announcements(data.train, net.plan)
        self.related = net.plan.mode == "level3"

    def run(self, checkpoint: Checkpoint | None, tell: Tell) -> None:
        """All epochs that are left; the net then has the best averaged weights."""
        if checkpoint is not None:
            checkpoint.resume(self)
        while self.epoch < self.recipe.epochs:
            loss = self._pass()
            score = self._judge()
            self.epoch += 1
            if score > self.best_score:
                self.best_score, self.best = score, {name: value.clone() for name, value in self.averaged.items()}
            tell(f"epoch {self.epoch} of {self.recipe.epochs}: loss {loss:.4f}, val {score:.4f}")
            if checkpoint is not None:
                checkpoint.save(self)
        self.net.fusion.load_state_dict(self.best, strict=False)

    def _pass(self) -> float:
        """One epoch; draws depend on the seed and its number alone, so that it can be begun again."""
        seed = self.recipe.seed * 1000 + self.epoch
        torch.manual_seed(seed)
        random, draws = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
        self.net.train()
        order = torch.randperm(len(self.data.train), generator=random)
        size = min(self.recipe.batch, len(order))
        starts = range(0, len(order) - size + 1, size)
        total = 0.0
        for number, start in enumerate(starts):
            step = self.epoch * len(starts) + number
            self._rate(step, self.recipe.epochs * len(starts))
            total += self._step(order[start : start + size], random, draws)
            self._average(step)
        return total / len(starts)

    def _step(self, numbers: Tensor, random: torch.Generator, draws: np.random.Generator) -> float:
        recipe, options = self.recipe, self.recipe.augment
        more = self.announcements.draw(recipe.announced if self.related else 0, draws)
        batch, targets, exchanged = self.partners.take(numbers, options.exchange, draws, more)
        reworded = torch.from_numpy(~exchanged & (draws.random(len(exchanged)) < options.reword))
        reworded[len(numbers) :] = True
        batch, targets, told = self.announcements.reword(batch, targets, torch.where(reworded, torch.cat([numbers, more]), -1), draws)
        if recipe.across:
            cut, theirs = across(batch, targets, *drawn(len(numbers), recipe.across, random), self.net.plan)
            batch, targets = batch.and_those(cut), targets.and_those(theirs)
        keep = augment.keeps(len(batch), options.modality, random)
        keep[len(numbers) : len(numbers) + len(more)] = True
        said = self.net(augment.roughened(batch, options, random), keep)
        loss = losses.loss(said, targets, recipe.focal)
        if said.shared is not None and recipe.align:
            loss = loss + recipe.align * alignment(said.shared, [one for one in told if one.row >= len(numbers)])
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.net.fusion.parameters(), recipe.clip)
        self.optimiser.step()
        return float(loss.detach())

    def _rate(self, step: int, steps: int) -> None:
        """Rises, then falls along a cosine to 0."""
        rate = self.recipe.rate * min(1.0, (step + 1) / self.recipe.warm) * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["pace"]

    @torch.no_grad()
    def _average(self, step: int) -> None:
        """Moves the running mean of the weights; it forgets its beginning sooner."""
        keep = min(self.recipe.average, step / (step + 10))
        torch._foreach_lerp_(list(self.averaged.values()), list(self.net.fusion.parameters()), 1 - keep)

    def _judge(self) -> float:
        """Mean average precision over bins of the averaged weights on the other families."""
        trained = {name: value.detach().clone() for name, value in self.net.fusion.named_parameters()}
        self.net.fusion.load_state_dict(self.averaged, strict=False)
        found = mean(bin_precision(scores(self.net, self.data.val.inputs), self.data.val.targets.labels.numpy()))
        self.net.fusion.load_state_dict(trained, strict=False)
        return found


def groups(fusion: nn.Module, decay: float) -> list[dict[str, object]]:
    """Parameters for the optimiser: only matrices decay, and gates move faster, so that what is behind them learns soon."""
    named = list(fusion.named_parameters())
    gates = [value for name, value in named if name.endswith("gate")]
    heavy = [value for name, value in named if name.endswith("weight") and value.ndim > 1]
    light = [value for name, value in named if not name.endswith("gate") and not (name.endswith("weight") and value.ndim > 1)]
    kinds = [(heavy, decay, 1.0), (light, 0.0, 1.0), (gates, 0.0, GATE)]
    return [{"params": some, "weight_decay": decayed, "pace": pace} for some, decayed, pace in kinds if some]


@torch.no_grad()
def logits(net: Net, inputs: Batch, keep: Tensor | None = None) -> Tensor:
    """Of all windows, float32 [N, T, L]; keep: bool [M], which modalities are not forced off."""
    was, found = net.training, []
    net.eval()
    for first in range(0, len(inputs), AT_ONCE):
        batch = inputs.take(torch.arange(first, min(len(inputs), first + AT_ONCE)))
        found.append(net(batch, batch.everything() if keep is None else keep.expand(len(batch), -1)).logits)
    net.train(was)
    return torch.cat(found)


def scores(net: Net, inputs: Batch, keep: Tensor | None = None) -> np.ndarray:
    """Probabilities, float32 [N, T, L]."""
    probabilities: np.ndarray = logits(net, inputs, keep).sigmoid().numpy()
    return probabilities


def fit_anchor(fusion: Sum, train: Samples) -> None:
    """Level 1: the weights of modalities and the priors of labels, by L-BFGS on all windows."""
    evidence, labels = train.inputs.evidence, train.targets.labels.float()
    keep = torch.ones(len(evidence), evidence.shape[-1], dtype=torch.bool)

    def entropy() -> Tensor:
        found = fusion.anchor(evidence, keep).sum(-1) + fusion.anchor.prior
        return functional.binary_cross_entropy_with_logits(found, labels)

    minimise(list(fusion.anchor.parameters()), entropy)


def calibrate(net: Net, val: Samples, cut: bool) -> None:
    """One sharpness for all logits and a shift for each label, fitted on other families; the shift is held near 0.

    cut: on windows across cuts too.
    """
    found, labels, weight = logits(net, val.inputs), val.targets.labels.float(), torch.ones(val.targets.labels.shape)
    if cut:
        inputs, targets = halves(val, net.plan)
        found, labels = torch.cat([found, logits(net, inputs)]), torch.cat([labels, targets.labels])
        weight = torch.cat([weight, (targets.weight > 0).float()])
    sharpness, shift = torch.zeros((), requires_grad=True), torch.zeros(labels.shape[-1], requires_grad=True)

    def entropy() -> Tensor:
        scaled = found * sharpness.exp() + shift
        return functional.binary_cross_entropy_with_logits(scaled, labels, weight) + 1e-3 * shift.square().mean()

    minimise([sharpness, shift], entropy)
    net.sharpness.copy_(sharpness.detach().exp())
    net.shift.copy_(shift.detach())


def minimise(parameters: Sequence[Tensor], value: Callable[[], Tensor]) -> None:
    """Moves parameters to where a value is least, by L-BFGS."""
    optimiser = torch.optim.LBFGS(parameters, max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> float:
        optimiser.zero_grad()
        loss = value()
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    optimiser.step(closure)  # type: ignore[no-untyped-call]
