import numpy as np

from schemas.codec import pack, unpack
from streamer.speech.vad import HOP, Silero, VoiceState, missing
from tests.speech.clips import sentences


def test_speech_is_likely_where_somebody_speaks():
    likely = Silero()(sentences("welcome", pause_s=2), VoiceState())
    assert likely[: int(1.8 * 16_000 / HOP)].max() < 0.1
    assert likely.max() > 0.9


def test_blocks_of_any_length_give_the_bits_of_one_pass():
    sound, silero = sentences("welcome", "door"), Silero()
    whole = silero(sound, VoiceState())
    random = np.random.default_rng(0)
    for lengths in (np.full(len(sound) // 8_000, 8_000), random.integers(1, 3_000, 1_000)):
        state = VoiceState()
        blocks = np.split(sound, np.cumsum(lengths)[np.cumsum(lengths) < len(sound)])
        assert np.array_equal(np.concatenate([silero(block, state) for block in blocks]), whole)


def test_a_state_that_was_packed_goes_on_exactly():
    sound, silero, state = sentences("welcome"), Silero(), VoiceState()
    whole = silero(sound, VoiceState())
    first = silero(sound[:30_001], state)
    rest = silero(sound[30_001:], unpack(pack(state), VoiceState))
    assert np.array_equal(np.concatenate([first, rest]), whole)


def test_the_last_hop_is_completed_by_silence():
    silero, state = Silero(), VoiceState()
    assert missing(state) == 0
    silero(np.zeros(HOP + 12, np.float32), state)
    assert missing(state) == HOP - 12
    assert len(silero(np.zeros(missing(state), np.float32), state)) == 1
    assert missing(state) == 0
