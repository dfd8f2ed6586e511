"""The benchmarks' own parts: what they compare is the same work."""

import math
import pathlib
from types import SimpleNamespace

import av
import numpy as np
import pytest

from benchmarks import harness, memory, pipeline, soundtrack
from benchmarks.programs import bare
from benchmarks.programs.models import patches
from schemas.messages import Audio, Features, Frame, Watermark
from streamer.config import Media
from streamer.media.reader import read
from streamer.sound.listen import Listen
from tests.clips import make

SOUND = SimpleNamespace(patch_s=0.975, hop_s=0.48, encode=lambda samples: (np.ones((1, 4), np.float32), None))


def report(cpu_s: float, times: tuple[float, ...] = ()) -> harness.Report:
    return harness.Report(load_s=1, cpu_s=cpu_s, wall_s=1, pss_mb=1, times=list(times), pictures=1, patches=1, words=1)


def packets(path: pathlib.Path, kind: str) -> list[tuple[float, int]]:
    with av.open(str(path)) as file:
        track = next(stream for stream in file.streams if stream.type == kind)
        return [(float(packet.pts * packet.time_base), packet.size) for packet in file.demux(track) if packet.size]


def test_the_bare_loop_sees_and_hears_what_the_pipeline_does(tmp_path):
    film = make(tmp_path / "film.mp4", 5.0)
    messages = list(read(film, "film", Media()))
    times, images, sound = bare.take(str(film), SimpleNamespace(size=(224, 224)))
    frames = [message for message in messages if isinstance(message, Frame)]
    assert times == [frame.time for frame in frames] == [0, 1, 2, 3, 4]
    assert all(np.array_equal(image, frame.image) for image, frame in zip(images, frames, strict=True))
    heard = np.concatenate([message.samples for message in messages if isinstance(message, Audio)])
    assert np.allclose(sound[: 4 * 16_000], heard[: 4 * 16_000], atol=1e-4)


@pytest.mark.parametrize("samples", [1, 8_000, 15_600, 15_601, 50_000, 160_000])
def test_a_loop_has_as_many_patches_as_the_pipeline(samples):
    sound = np.ones(samples, np.float32)
    blocks = [Audio(stream="s", time=at / 16_000, rate=16_000, samples=sound[at : at + 8_000]) for at in range(0, samples, 8_000)]
    end = Watermark(stream="s", modality="sound", time=math.inf)
    found = [message for message in Listen(SOUND)([*blocks, end]) if isinstance(message, Features)]
    assert len(list(patches(sound, SOUND))) == len(found)


def test_speech_takes_its_share_and_the_pictures_stay_as_they_are(tmp_path):
    film, out = make(tmp_path / "film.mp4", 20.0), tmp_path / "out.mp4"
    sound = soundtrack.mix(20, 0.2)
    soundtrack.under(film, sound, out)
    assert packets(out, "video") == packets(film, "video")
    loud = np.sqrt(np.mean(sound.reshape(-1, 4_800) ** 2, axis=1)) > 0.01
    assert soundtrack.spoken_share(20, 0.2) == pytest.approx(0.2, abs=0.03) and loud.mean() == pytest.approx(0.2, abs=0.06)


def test_a_film_is_repeated_without_gaps(tmp_path):
    film, long = make(tmp_path / "film.mp4", 2.0), tmp_path / "long.mp4"
    memory.repeat(film, 2, 3, long)
    assert np.allclose(np.diff([time for time, _ in packets(long, "video")]), 0.04)
    assert np.diff([time for time, _ in packets(long, "audio")]).max() < 0.05


def test_ratios_are_of_neighbours():
    assert harness.ratio([report(2), report(40), report(6)], [report(1), report(10), report(2)]) == 3


def test_programs_that_look_at_other_pictures_are_found_out():
    same, other = report(1, (0.0, 1.0)), report(1, (0.0, 1.04))
    pipeline.check({pipeline.OURS: [same], pipeline.NAIVE: [same], pipeline.OURS_KEYS: [other]})
    with pytest.raises(SystemExit, match="different pictures"):
        pipeline.check({pipeline.OURS: [same], pipeline.NAIVE: [other]})


def test_a_missed_target_is_said():
    reports = {pipeline.OURS: [report(1)], pipeline.NAIVE: [report(1.5)], pipeline.BARE: [report(0.9)]}
    assert [met for _, met in pipeline.targets(reports)] == [False, True]
