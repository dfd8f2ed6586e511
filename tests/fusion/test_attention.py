import msgspec
import numpy as np
import pytest

from schemas.messages import Modality, Tokens
from streamer.fusion.attention import Heard, Item, attend
from streamer.labels import Attention, load
from streamer.models.protocols import Queries

BINS = np.arange(16) * 0.5 + 0.25
LABELS, WIDTH = 5, 8
RNG = np.random.default_rng(7)
QUERIES = Queries(
    (lambda v: v / np.linalg.norm(v, axis=1, keepdims=True))(RNG.normal(size=(LABELS, WIDTH))).astype(np.float32),
    RNG.normal(0, 0.02, LABELS).astype(np.float32),
    np.full(LABELS, 0.1, np.float32),
)


def attention(**changes: float) -> Attention:
    """The default one, with other values for sound."""
    base = load().attention
    return msgspec.structs.replace(base, **{name: {**getattr(base, name), "sound": value} for name, value in changes.items()})


def tokens(count: int, seed: int = 0, length_s: float = 1.0) -> Tokens:
    generator = np.random.default_rng(seed)
    keys = generator.normal(size=(count, WIDTH)).astype(np.float32)
    starts = np.sort(generator.uniform(-1, 8, count))
    return Tokens(
        spans=np.stack([starts, starts + length_s], axis=1),
        keys=keys / np.linalg.norm(keys, axis=1, keepdims=True),
        reliability=generator.uniform(0, 1, count).astype(np.float32),
    )


def item(what: Tokens, observed: float = 1.0, heed: np.ndarray | None = None) -> Item:
    return Item(what, BINS, observed, np.ones((LABELS, len(what.reliability)), bool) if heed is None else heed)


def heard(what: Item, modality: Modality = "sound", weighing: Attention | None = None) -> Heard:
    [found] = attend([what], QUERIES, modality, weighing or attention(z_min=0.5))
    return found


def by_hand(what: Tokens, label: int, centre: float, weighing: Attention, observed: float) -> tuple[float, list[float]]:
    """Evidence and attention of one label in one bin, term by term as the page has it."""
    weights, scores = [], []
    for (start, end), key, reliability in zip(what.spans, what.keys, what.reliability, strict=True):
        z = (float(QUERIES.vectors[label] @ key) - QUERIES.mean[label]) / max(QUERIES.deviation[label], weighing.floor["sound"])
        distance = max(start - centre, centre - end, 0.0)
        bias = -(distance**2) / (2 * weighing.sigma_s["sound"] ** 2)
        near = distance <= weighing.reach_s["sound"]
        weights.append(weighing.beta["sound"] * z + bias + np.log(max(reliability, 1e-4)) if near else -1e4)
        scores.append(z)
    shares = np.exp([*weights, weighing.null])
    shares /= shares.sum()
    found = float(np.dot(shares[:-1], scores))
    evidence = weighing.gain["sound"] * observed * max(0.0, found - weighing.z_min["sound"])
    return evidence, shares[:-1].tolist()


def test_evidence_is_what_the_page_says() -> None:
    what, weighing = tokens(6), attention(z_min=0.5)
    found = heard(item(what, 0.8), weighing=weighing)
    for label in range(LABELS):
        for bin_, centre in enumerate(BINS):
            evidence, looked = by_hand(what, label, centre, weighing, 0.8)
            assert found.evidence[label, bin_] == pytest.approx(evidence, abs=2e-5)
            assert found.looked[label, bin_] == pytest.approx(looked, abs=2e-6)
    assert found.evidence.max() > 0


def test_padded_tokens_change_nothing() -> None:
    for count in range(1, 17):
        what = tokens(count, seed=count)
        longer = Tokens(
            spans=np.concatenate([what.spans, [[100.0, 101.0]] * 3]),  # out of reach: as if padded
            keys=np.concatenate([what.keys, np.ones((3, WIDTH), np.float32)]),
            reliability=np.concatenate([what.reliability, np.ones(3, np.float32)]),
        )
        short, long = heard(item(what)), heard(item(longer))
        assert np.abs(short.evidence - long.evidence).max() <= 2e-6
        assert (long.looked[:, :, count:] == 0).all()


def test_a_batch_gives_the_same_bytes_as_single_calls() -> None:
    items = [item(tokens(count, seed=count), observed=1 - count / 100) for count in (3, 20, 8, 1, 9, 24, 8, 16, 7)]
    weighing = attention(z_min=0.5)
    for one, together in zip(items, attend(items, QUERIES, "sound", weighing), strict=True):
        alone = heard(one, weighing=weighing)
        for name in Heard._fields:
            assert getattr(alone, name).tobytes() == getattr(together, name).tobytes(), name


def test_what_must_not_be_looked_at_is_as_if_it_were_not_there() -> None:
    what = tokens(6)
    heed = np.ones((LABELS, 6), bool)
    heed[:, 4:] = False
    rest = Tokens(spans=what.spans[:4], keys=what.keys[:4], reliability=what.reliability[:4])
    assert heard(item(what, heed=heed)).evidence.tobytes() == heard(item(rest)).evidence.tobytes()
    assert (heard(item(what, heed=np.zeros((LABELS, 6), bool))).evidence == 0).all()


def test_a_sense_that_could_not_be_observed_says_nothing() -> None:
    assert (heard(item(tokens(6), observed=0.0)).evidence == 0).all()


def test_nothing_in_reach_is_neutral_and_finite() -> None:
    found = heard(item(msgspec.structs.replace(tokens(3), spans=np.array([[50.0, 51.0]] * 3))))
    assert (found.evidence == 0).all()
    assert (found.looked == 0).all()


def test_unreliable_tokens_and_flat_backgrounds_stay_finite() -> None:
    what = msgspec.structs.replace(tokens(4), reliability=np.zeros(4, np.float32))
    flat = QUERIES._replace(deviation=np.zeros(LABELS, np.float32))
    [found] = attend([item(what)], flat, "sound", attention())
    assert np.isfinite(found.evidence).all()
    assert np.isfinite(found.scores).all()


def test_attention_leaves_a_share_to_the_null_key() -> None:
    found = heard(item(tokens(12)))
    assert (found.looked.sum(2) < 1).all()
    assert (found.looked >= 0).all()


def test_a_weak_sense_does_not_vote() -> None:
    assert (heard(item(tokens(6)), weighing=attention(z_min=50.0)).evidence == 0).all()
