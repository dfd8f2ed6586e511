"""`python -m streamer.synth.speech.render [FOLDER]`: speaks the whole bank again. Needs flite, festival and espeak-ng.

Everything is spoken, cut to the speech, written as one Opus file a voice, read again and recognised by Whisper base. What it
does not understand is left out, and the files are written once more.
"""

import json
import pathlib
import sys
from collections.abc import Iterable, Sequence

import av
import numpy as np
from jiwer import wer
from numpy.typing import NDArray
from whisper.normalizers import EnglishTextNormalizer

from streamer.config import Speech
from streamer.speech import whisper
from streamer.synth.speech import espeak, festival, flite
from streamer.synth.speech.casting import Part, parts
from streamer.synth.speech.sentences import sentences
from streamer.synth.speech.takes import RATE, Take, decoded, trimmed
from streamer.synth.speech.utterances import FOLDER, INDEX, Utterance, file_name, row
from streamer.synth.speech.voices import VOICES, Manner
from streamer.synth.truth import Word

BITS_PER_S = 11_000
GAP_S = 0.2  # between two utterances of a file: more than a frame of Opus
MOST_WRONG = 0.34  # word error rate of a sentence that is kept: one word of three
AROUND = np.zeros(RATE // 2, np.float32)  # Whisper expects a pause before and after


def main(folder: pathlib.Path) -> None:
    """Writes index and files to the folder, and tells what was kept of each voice."""
    spoken = sorted(_speak(parts(sentences())), key=lambda one: list(VOICES).index(one[0].voice))
    engine = whisper.load(Speech())
    kept: list[Utterance] = []
    for voice in VOICES:
        mine = [one for one in spoken if one[0].voice == voice]
        first = _write(folder, voice, mine)
        wrong = _wrong(engine, first, decoded(str(folder / file_name(voice))))
        understood = [one for one, error in zip(mine, wrong, strict=True) if error <= MOST_WRONG]
        kept += _write(folder, voice, understood)
        print(f"{voice}: {len(understood)} of {len(mine)} kept, word error rate {np.mean(wrong):.3f}", flush=True)
    lines = ",\n".join(json.dumps(row(utterance), separators=(",", ":")) for utterance in kept)
    (folder / INDEX).write_text(f"[\n{lines}\n]\n", "utf-8")


def _speak(wanted: Iterable[Part]) -> list[tuple[Part, Take]]:
    """Each part spoken, cut to the speech in it."""
    takes: list[tuple[Part, Take]] = []
    together: dict[str, list[Part]] = {}  # festival is a program: it speaks all of a voice at once
    for part in wanted:
        match VOICES[part.voice].engine:
            case "flite":
                takes.append((part, flite.speak(VOICES[part.voice].name, part.sentence.text, _manner(part))))
            case "espeak-ng":
                takes.append((part, espeak.speak(VOICES[part.voice].name, part.sentence.text, _manner(part))))
            case "festival":
                together.setdefault(part.voice, []).append(part)
    for voice, mine in together.items():
        texts = [(part.sentence.text, _manner(part)) for part in mine]
        takes += zip(mine, festival.speak(VOICES[voice].name, texts), strict=True)
    for part, take in takes:
        if len(take.words) != len(part.sentence.text.split()):
            raise ValueError(f"{part.voice} makes {len(take.words)} words of {part.sentence.text!r}; expected one for each")
    return [(part, trimmed(take, _manner(part).speed)) for part, take in takes]


def _manner(part: Part) -> Manner:
    return VOICES[part.voice].manners[part.prosody]


def _write(folder: pathlib.Path, voice: str, takes: Sequence[tuple[Part, Take]]) -> list[Utterance]:
    """The file of a voice; where each utterance lies in it."""
    found, blocks, at = [], [np.zeros(round(GAP_S * RATE), np.float32)], GAP_S
    for part, take in takes:
        length = len(take.samples) / RATE
        words = zip(part.sentence.text.split(), take.words, strict=True)
        timed = tuple(Word(text, round(start, 3), round(end, 3)) for text, (start, end) in words)
        sentence, spoken_by = part.sentence, VOICES[voice].engine
        start, end = round(at, 4), round(at + length, 4)
        about = (sentence.kind, sentence.about, sentence.structure, sentence.valence)
        found.append(Utterance(sentence.text, timed, voice, spoken_by, part.prosody, *about, start, end))
        pause = np.zeros(round(GAP_S * RATE) + -len(take.samples) % (RATE // 1_000), np.float32)  # the next begins on a whole ms
        blocks += [take.samples, pause]
        at += length + len(pause) / RATE
    _encode(folder / file_name(voice), np.concatenate(blocks))
    return found


def _encode(path: pathlib.Path, samples: NDArray[np.float32]) -> None:
    with av.open(str(path), "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=RATE, layout="mono", options={"application": "voip", "frame_duration": "60"})
        stream.bit_rate = BITS_PER_S
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(stream.codec_context.format, "mono", RATE, frame_size=stream.codec_context.frame_size or 960)
        for block in (*resampler.resample(frame), *resampler.resample(None), None):
            file.mux(stream.encode(block))


def _wrong(engine: whisper.Engine, utterances: Sequence[Utterance], voice: NDArray[np.int16]) -> list[float]:
    """The word error rate of each utterance."""
    plain = EnglishTextNormalizer()
    found = []
    for utterance in utterances:
        samples = voice[round(utterance.start * RATE) : round(utterance.end * RATE)].astype(np.float32) / np.float32(32_768)
        heard = engine.transcribe(engine.encode(np.concatenate([AROUND, samples, AROUND])), "en")
        found.append(float(wer(plain(utterance.text), plain(heard.text) or "nothing")))
    return found


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
