"""Festival as a program: sentences with the times of their words. A development tool; nobody needs it to use the bank."""

import pathlib
import subprocess
import tempfile
import wave
from collections.abc import Sequence

import numpy as np

from streamer.synth.speech.takes import Take
from streamer.synth.speech.voices import Manner

MODEL_HZ = (170, 34)  # mean and deviation of the speaker from whom festival's intonation was learnt


def speak(voice: str, texts: Sequence[tuple[str, Manner]]) -> list[Take]:
    """The sentences, of one voice. Errors: OSError where the program is missing, CalledProcessError."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        script = folder / "say.scm"
        script.write_text("\n".join([f"({voice})", *(_said(voice, folder / str(i), *one) for i, one in enumerate(texts))]), "utf-8")
        subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True)
        return [_read(folder / str(i)) for i in range(len(texts))]


def _said(voice: str, path: pathlib.Path, text: str, manner: Manner) -> str:
    """What makes festival speak: the sound goes to PATH.wav, a line for each word to PATH.txt."""
    mean, deviation = MODEL_HZ
    if manner.pitch:
        set_manner = f"""(Parameter.set 'Duration_Stretch {manner.stretch})
(set! int_lr_params '((target_f0_mean {manner.pitch}) (target_f0_std {manner.spread}) (model_f0_mean {mean}) (model_f0_std {deviation})))"""
    else:  # a voice of HTS, which has parameters of its own
        own = f"{voice.removeprefix('voice_')}::hts_engine_params"
        set_manner = f'(set! hts_engine_params (append {own} (list (list "-r" {1 / manner.stretch:.4f}))))'
    return f"""{set_manner}
(set! spoken (utt.synth (Utterance Text "{text}")))
(utt.save.wave spoken "{path}.wav" 'riff)
(set! file (fopen "{path}.txt" "w"))
(define (tell word) (format file "%f %f\\n" (item.feat word "word_start") (item.feat word "word_end")))
(mapcar tell (utt.relation.items spoken 'Word))
(fclose file)"""


def _read(path: pathlib.Path) -> Take:
    with wave.open(f"{path}.wav") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / np.float32(32_768)
        rate = file.getframerate()
    words = [line.split() for line in pathlib.Path(f"{path}.txt").read_text("utf-8").splitlines()]
    return Take(samples, rate, [(float(start), float(end)) for start, end in words])
