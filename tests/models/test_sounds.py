import numpy as np
import pytest

from streamer.demo import sounds as made
from streamer.models import sounds
from streamer.models.encoders import Queries, SoundEncoder, load_sound
from tests.media_folder import MEDIA, needs_media, needs_models

LABELS = ("speech", "music", "a dog barking", "a siren", "rain", "knocking on a door", "a baby crying", "applause", "a telephone ringing")


@pytest.fixture(scope="module")
def encoder() -> SoundEncoder:
    return load_sound("yamnet")


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)


def top(encoder: SoundEncoder, queries: Queries, clip: np.ndarray) -> str:
    z = (queries.vectors @ encoder.encode(clip)[0].T - queries.mean[:, None]) / queries.deviation[:, None]
    return LABELS[int(z.mean(1).argmax())]


def test_patches_begin_every_48_hundredths_of_a_second() -> None:
    assert sounds.patches(noise(sounds.PATCH - 1)).shape == (1, 1, 96, 64)
    assert len(sounds.patches(noise(sounds.PATCH + 2 * sounds.HOP - 1))) == 2
    assert len(sounds.patches(noise(sounds.PATCH + 2 * sounds.HOP))) == 3
    assert (sounds.PATCH, sounds.HOP) == (15_600, 7_680)


def test_a_tone_lies_in_its_band() -> None:
    hz = 1_000.0
    tone = np.sin(2 * np.pi * hz * np.arange(sounds.PATCH) / sounds.RATE_HZ).astype(np.float32)
    edges = 700 * (np.exp(np.linspace(*(1127 * np.log1p(np.array([125.0, 7500.0]) / 700)), 66) / 1127) - 1)
    band = int(sounds.patches(tone)[0, 0].mean(0).argmax())
    assert edges[band] < hz < edges[band + 2]


def test_gain_levels_sound_and_leaves_noise() -> None:
    loud, soft, least = (np.full(1_000, level, np.float32) for level in (0.5, 0.002, 5e-5))
    assert sounds.gain(loud) == pytest.approx(0.2)
    assert sounds.gain(soft) == pytest.approx(50)
    assert sounds.gain(least) == 1
    assert sounds.gain(np.full(1_000, 2e-4, np.float32)) == 100
    assert sounds.gain(np.zeros(0, np.float32)) == 1


@needs_models
def test_a_stream_in_patches_gives_what_the_whole_gives(encoder: SoundEncoder) -> None:
    clip = noise(sounds.PATCH + 5 * sounds.HOP) * np.linspace(0.01, 1, sounds.PATCH + 5 * sounds.HOP, dtype=np.float32)
    keys, vectors = encoder.encode(clip)
    parts = [encoder.encode(clip[i * sounds.HOP : i * sounds.HOP + sounds.PATCH]) for i in range(6)]
    assert np.array_equal(np.concatenate([part[0] for part in parts]), keys)
    assert vectors is not None and keys.shape == (6, 384) and vectors.shape == (6, 1024)


@needs_models
@pytest.mark.parametrize("quieter_db", [0, -20, -40])
def test_loudness_changes_no_name_of_made_sounds(encoder: SoundEncoder, quieter_db: int) -> None:
    queries = encoder.queries(LABELS)
    makers = {
        "music": made.music,
        "a dog barking": made.dog_bark,
        "a siren": made.siren,
        "rain": made.rain,
        "knocking on a door": made.knock,
        "a baby crying": made.baby_cry,
        "applause": made.applause,
        "a telephone ringing": made.phone_ring,
    }
    for label, make in makers.items():
        clip = make(sounds.RATE_HZ, 4.0, np.random.default_rng(0)) * np.float32(10 ** (quieter_db / 20))
        assert top(encoder, queries, clip) == label


@needs_models
@needs_media
@pytest.mark.parametrize("name", ["jfk.flac", "harvard.wav"])
def test_speech_is_speech_however_soft(encoder: SoundEncoder, name: str) -> None:
    from faster_whisper.audio import decode_audio

    clip = decode_audio(str(MEDIA / name), sounds.RATE_HZ)[: 8 * sounds.RATE_HZ]
    queries = encoder.queries(LABELS)
    assert {top(encoder, queries, clip * np.float32(10 ** (quieter / 20))) for quieter in (0, -20, -40)} == {"speech"}
