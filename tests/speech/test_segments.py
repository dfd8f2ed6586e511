from itertools import pairwise

import numpy as np
import pytest

from schemas.codec import pack, unpack
from streamer.speech.segments import PAD, Segment, SegmentState, advance, decided, finish
from streamer.speech.vad import HOP, RATE


def hops(*parts: tuple[float, float]) -> np.ndarray:
    """Probabilities: (seconds, probability) after each other."""
    return np.concatenate([np.full(round(seconds * RATE / HOP), likely, np.float32) for seconds, likely in parts])


def found(likely: np.ndarray, step: int = 16) -> list[Segment]:
    """Segments of a sound whose samples are their own positions."""
    sound, state, segments = np.arange(len(likely) * HOP, dtype=np.float32), SegmentState(), []
    for first in range(0, len(likely), step):
        block = slice(first * HOP, (first + step) * HOP)
        held = decided(state)
        segments += (new := list(advance(state, sound[block], likely[first : first + step], 0.5)))
        assert all(segment.first >= held for segment in new) and decided(state) >= held
    return segments + ([last] if (last := finish(state, 0.5)) else [])


def test_speech_becomes_a_segment_with_what_is_around_it():
    [segment] = found(hops((2, 0), (1.92, 0.9), (3, 0)))
    assert (segment.start, segment.end) == (round(2 * RATE / HOP) * HOP, (62 + 60) * HOP)
    assert segment.first == segment.start - PAD
    assert np.array_equal(segment.sound, np.arange(segment.first, segment.end + PAD, dtype=np.float32))


def test_a_click_is_no_speech():
    assert not found(hops((2, 0), (0.1, 0.9), (3, 0)))
    assert found(hops((2, 0), (0.3, 0.9), (3, 0)))


def test_a_short_pause_joins_and_is_known_as_quiet():
    [segment] = found(hops((1, 0), (2, 0.9), (0.8, 0), (2, 0.9), (2, 0)))
    before, within, after = segment.quiet
    assert before[1] == segment.start and after[0] == segment.end
    assert (within[1] - within[0]) / RATE == pytest.approx(0.8, abs=0.02)


def test_a_long_pause_parts():
    first, second = found(hops((1, 0), (2, 0.9), (1.5, 0), (2, 0.9), (2, 0)))
    assert first.first + len(first.sound) <= second.first


def test_a_doubtful_moment_is_no_pause():
    assert len(found(hops((1, 0), (2, 0.9), (3, 0.4), (2, 0.9), (2, 0)))) == 1


def test_long_speech_is_cut_where_it_is_quietest_and_nothing_is_lost():
    likely = hops((1, 0), (18, 0.9), (0.4, 0.3), (15, 0.9), (0.4, 0.6), (15, 0.9), (3, 0))
    segments = found(likely)
    assert len(segments) == 3
    assert all(len(segment.sound) <= 28 * RATE for segment in segments)
    assert segments[0].end / RATE == pytest.approx(19.2, abs=0.3)
    assert segments[1].end / RATE == pytest.approx(34.6, abs=0.3)
    assert np.array_equal(np.concatenate([segment.sound for segment in segments[:2]])[-10:], segments[1].sound[-10:])
    for left, right in pairwise(segments):
        assert left.first + len(left.sound) <= right.first <= right.start


def test_speech_at_the_end_of_the_sound_is_told():
    [segment] = found(hops((1, 0), (1.6, 0.9)))
    assert segment.end == segment.first + len(segment.sound)


@pytest.mark.parametrize("step", [1, 7, 500])
def test_blocks_do_not_matter(step):
    random = np.random.default_rng(3)
    likely = np.repeat(random.random(200), random.integers(1, 40, 200)).astype(np.float32)
    assert repr(found(likely, step)) == repr(found(likely, 16))


def test_the_state_of_endless_speech_stays_small_and_survives_packing():
    likely, state, sizes = hops((120, 0.9)), SegmentState(), []
    for n in range(0, len(likely), 16):
        list(advance(state, np.zeros(16 * HOP, np.float32), likely[n : n + 16], 0.5))
        sizes.append(len(pack(state)))
        state = unpack(pack(state), SegmentState)
    assert max(sizes) < 1_690_000  # with the 256 kB of what was said before: below 2 MB
