"""What a trained fusion adds to windows in its reach, and what it leaves as it was."""

import msgspec
import numpy as np
import pytest

from schemas.codec import pack, unpack
from schemas.messages import MODALITIES, Fine, FusedWindow, Hit, Modality, StreamStatus, Tokens, Trained
from streamer.fitting import shared
from streamer.fusion.arrays import ARRAYS, arrays
from streamer.fusion.fuse import Fuse, prompts
from streamer.fusion.learned import load_fusion
from streamer.fusion.reach import load_reach
from streamer.fusion.trained import Learn, LearnState, Model
from streamer.labels import Known, LabelSet, load
from streamer.models.protocols import Queries
from streamer.training import world
from tests.fusion.folders import folder
from tests.fusion.messages import utterance, window

LABELS, NAMES = shared(load(), world.label_set(), tuple(label.name for label in world.label_set().labels))
KNOWN = Known(model="level3@x", level=3, labels=NAMES)


def queries(labels: LabelSet) -> dict[Modality, Queries]:
    random = np.random.default_rng(0)
    count = len(labels.labels)
    table = Queries(random.normal(size=(count, 384)).astype(np.float32), np.zeros(count, np.float32), np.ones(count, np.float32))
    return dict.fromkeys(prompts(labels), table)


FUSE, ANCHOR = Fuse(LABELS, queries(LABELS)), Fuse(world.label_set(), queries(world.label_set()))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = folder(tmp_path_factory.mktemp("fusion"), far=30.0)
    return Model(load_fusion(path), load_reach(path), ANCHOR, KNOWN)


def tokens(width: int | None, start: float, step: float, count: int, size: float = 1.0, texts: tuple[str, ...] = ()) -> Tokens:
    random = np.random.default_rng(round(start * 10) + count)
    starts = start + step * np.arange(count)
    return Tokens(
        spans=np.stack([starts, starts + step], 1),
        keys=random.normal(0, 0.05, (count, 384)).astype(np.float32),
        vectors=None if width is None else random.normal(0, size, (count, width)).astype(np.float32),
        reliability=np.ones(count, np.float32),
        texts=texts,
    )


def seen(start: float = 0.0, size: float = 1.0, last: bool = False) -> FusedWindow:
    """A window of all senses, fused without training; `size`: how large its vectors are."""
    made = window(
        start,
        (utterance(round(start * 10) + 20, round(start * 10) + 40),),
        vision=tokens(1280, start, 0.5, 16, size),
        sound=tokens(1024, start, 0.48, 16, size),
        text=tokens(None, start + 2, 1.0, 2, texts=("hello", "there")),
    )
    rows = {
        kind: Fine(stream="s", kind=kind, start=start, hop=0.125, values=np.ones(ARRAYS[kind].shape, np.float16))
        for kind in ("motion", "onsets")
    }
    [fused] = FUSE([msgspec.structs.replace(made, fine=rows, last=last)])
    assert isinstance(fused, FusedWindow)
    return fused


def learn(model: Model | None, *windows: FusedWindow) -> list[FusedWindow]:
    return [one for one in Learn(model)(windows) if isinstance(one, FusedWindow)]


def without_fine(fused: FusedWindow) -> FusedWindow:
    return msgspec.structs.replace(fused, window=msgspec.structs.replace(fused.window, fine=msgspec.UNSET))


def test_in_reach_its_labels_are_what_it_says_and_all_others_stay(model):
    plain = seen()
    [fused] = learn(model, plain)
    assert isinstance(fused.trained, Trained) and fused.level == 3
    [anchor] = ANCHOR([plain.window])
    said = model.learned({name: array[None] for name, array in arrays(anchor).items()}).parts[0]
    logits = fused.prior[:, None] + fused.evidence.sum(2) + fused.trained.together
    for number, name in enumerate(fused.labels):
        if name in NAMES:
            np.testing.assert_allclose(logits[number], said[model.learned.labels.index(name)].sum(-1), atol=1e-5)
        else:
            np.testing.assert_array_equal(fused.evidence[number], plain.evidence[number])
            np.testing.assert_array_equal(fused.looked["vision"][number], plain.looked["vision"][number])
    assert [name for name, spoke in zip(fused.labels, fused.trained.labels, strict=True) if spoke] == sorted(NAMES, key=fused.labels.index)
    assert fused.trained.together.any()
    assert fused.looked["vision"][fused.labels.index("person enters")].any()  # which has no prompts of its own


def test_the_mood_is_its_own_where_somebody_speaks(model):
    [fused] = learn(model, seen())
    assert isinstance(fused.trained, Trained) and fused.trained.mood
    mood = fused.trained.mood
    assert set(mood.unimodal) == set(mood.contributions) == {"vision", "sound", "text"}
    assert sum(mood.contributions.values()) == pytest.approx(mood.valence, abs=1e-6)
    silent = seen()
    [fused] = learn(model, msgspec.structs.replace(silent, window=msgspec.structs.replace(silent.window, utterances=())))
    assert isinstance(fused.trained, Trained) and fused.trained.mood is None


def test_out_of_reach_and_without_a_model_not_a_byte_is_another(model):
    far = seen(size=40.0)
    assert pack(learn(model, far)) == pack([without_fine(far)])
    assert pack(learn(None, seen())) == pack([without_fine(seen())])
    assert b"trained" not in pack(learn(model, far)) and b"fine" not in pack(learn(model, far))


def test_a_window_after_one_out_of_reach_is_not_trusted_yet(model):
    windows = [seen(0.0), seen(4.0, 40.0), seen(8.0), seen(12.0)]
    assert [one.level for one in learn(model, *windows)] == [3, 0, 0, 3]


def test_exact_words_stand_back_where_it_knows_better(model):
    hits = tuple(
        Hit(label=label, modality="text", start=2.0, end=2.5, probability=0.9, quote="hello", id="u") for label in ("greeting", "thanks")
    )
    [fused] = learn(model, msgspec.structs.replace(seen(), hits=hits))
    assert [hit.label for hit in fused.hits] == ["thanks"]


def test_batches_and_interruptions_change_no_byte_and_the_state_ends_with_the_stream(model):
    note = StreamStatus(stream="s", id="x", state="ended")
    messages = [seen(0.0), note, seen(4.0, 40.0), seen(8.0), seen(12.0), seen(16.0, last=True)]
    whole = Learn(model)
    together = list(whole(messages))
    apart, stage = [], Learn(model)
    for message in messages:
        apart += stage([message])
        kept = pack(stage.states)
        stage = Learn(model)
        stage.states = unpack(kept, dict[str, LearnState])
    assert pack(together) == pack(apart)
    assert together[1] is note
    assert not whole.states


def test_a_window_without_anything_is_out_of_reach(model):
    [fused] = FUSE([window()])
    assert isinstance(fused, FusedWindow)
    assert learn(model, fused)[0].level == 0


def test_it_says_nothing_of_a_modality_that_is_not_there(model):
    plain = seen()
    left = {name: found for name, found in plain.window.tokens.items() if name != "sound"}
    [deaf] = FUSE([msgspec.structs.replace(plain.window, tokens=left, fine=msgspec.UNSET)])
    [fused] = learn(model, deaf)
    assert isinstance(fused.trained, Trained)
    assert not fused.evidence[fused.trained.labels, :, MODALITIES.index("sound")].any()
