import json
import pathlib
import struct
from typing import Any, NamedTuple

import ctranslate2
import numpy as np
import pytest
import torch
import transformers
import whisper
from faster_whisper.audio import decode_audio

from streamer.errors import ModelError
from streamer.models import ct2, places
from streamer.models.whisper import alignment_heads, openai_checkpoint, transformers_directory
from tests.media_folder import MEDIA, needs_media, needs_models

NAME = "whisper-base"


class Engines(NamedTuple):
    """The same weights, three times, in float32."""

    ctranslate: Any
    transformers: Any
    openai: Any


class Heard(NamedTuple):
    """A clip after each encoder."""

    ctranslate: Any
    transformers: Any
    openai: torch.Tensor  # float32 [1, 1500, 512]
    times: bool  # whether the tokens shall tell times


@pytest.fixture(scope="module")
def engines() -> Engines:
    return Engines(
        ctranslate2.models.Whisper(str(places.directory(NAME)), compute_type="float32", intra_threads=1),
        transformers.WhisperForConditionalGeneration.from_pretrained(transformers_directory(NAME), dtype=torch.float32).eval(),
        whisper.load_model(str(openai_checkpoint(NAME)), device="cpu"),
    )


@pytest.fixture(scope="module", params=[("jfk.flac", False), ("harvard.wav", True)], ids=["jfk", "harvard"])
def heard(engines: Engines, request: pytest.FixtureRequest) -> Heard:
    name, times = request.param
    samples = whisper.pad_or_trim(torch.from_numpy(decode_audio(str(MEDIA / name), 16_000)))
    mel = whisper.log_mel_spectrogram(samples)[None]
    with torch.inference_mode():
        return Heard(
            engines.ctranslate.encode(ctranslate2.StorageView.from_array(mel.numpy()), to_cpu=True),
            engines.transformers.model.encoder(mel),
            engines.openai.encoder(mel),
            times,
        )


@needs_models
@needs_media
def test_the_encoders_agree(heard: Heard) -> None:
    np.testing.assert_allclose(heard.transformers.last_hidden_state.numpy(), heard.openai.numpy(), atol=1e-3)
    np.testing.assert_allclose(np.array(heard.ctranslate), heard.openai.numpy(), rtol=1e-3, atol=1e-3)


@needs_models
@needs_media
def test_three_engines_write_the_same_tokens(engines: Engines, heard: Heard) -> None:
    tokenizer = whisper.tokenizer.get_tokenizer(True, language="en", task="transcribe")
    prompt = list(tokenizer.sot_sequence if heard.times else tokenizer.sot_sequence_including_notimestamps)
    options = whisper.DecodingOptions(language="en", without_timestamps=not heard.times, fp16=False)
    expected = whisper.decode(engines.openai, heard.openai, options)[0].tokens
    by_ctranslate = engines.ctranslate.generate(heard.ctranslate, [prompt], beam_size=1, max_initial_timestamp_index=50)[0].sequences_ids[0]
    by_transformers = engines.transformers.generate(
        encoder_outputs=heard.transformers, language="en", task="transcribe", return_timestamps=heard.times, num_beams=1, do_sample=False
    )[0].tolist()
    assert len(expected) > 20
    assert [token for token in by_ctranslate if token not in prompt and token != tokenizer.eot] == expected
    assert [token for token in by_transformers if token not in prompt and token != tokenizer.eot] == expected


@needs_models
@needs_media
def test_the_logits_agree(engines: Engines, heard: Heard) -> None:
    tokens = torch.tensor([[50258, 50259, 50359, 50363, 400, 370, 452]])
    with torch.inference_mode():
        expected = engines.openai.decoder(tokens, heard.openai)
        got = engines.transformers(encoder_outputs=heard.transformers, decoder_input_ids=tokens).logits
    np.testing.assert_allclose(got.numpy(), expected.numpy(), atol=1e-3)


@needs_models
def test_a_directory_says_task_and_languages() -> None:
    about = json.loads((transformers_directory(NAME) / "generation_config.json").read_text())
    assert about["task"] == "transcribe" and len(about["lang_to_id"]) == 99 and about["is_multilingual"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(transformers_directory(NAME))
    assert tokenizer.all_special_ids[-1] == about["no_timestamps_token_id"] == 50363
    assert all(len(pair) == 2 for pair in alignment_heads(NAME))


@needs_models
def test_the_checkpoint_is_plain_tensors() -> None:
    checkpoint = torch.load(openai_checkpoint(NAME), weights_only=True)
    assert checkpoint["dims"]["n_vocab"] == 51_865 and checkpoint["dims"]["n_text_layer"] == 6


def test_what_is_no_whisper_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(struct.pack("<I", 5))
    with pytest.raises(ModelError, match="version 5; expected 6"):
        ct2.read(path)
    path.write_bytes(struct.pack("<IH", 6, 16) + b"TransformerSpec\0")
    with pytest.raises(ModelError, match="TransformerSpec; expected a Whisper"):
        ct2.read(path)


def test_a_directory_of_transformers_is_taken_as_it_is(tmp_path: pathlib.Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert transformers_directory(str(tmp_path)) == tmp_path
    with pytest.raises(ModelError, match=r"expected model\.bin"):
        openai_checkpoint(str(tmp_path))
