"""Tiny random models, one for each architecture: the adapters must say what the model says when called directly."""

import json
import pathlib
from typing import Any

import numpy as np
import pytest
import tokenizers
import torch
import transformers

from streamer.models.encoders import load_image, load_sound, load_text
from streamer.models.protocols import TextEncoder
from tests.media_folder import needs_models

WORDS = ("a", "photo", "of", "cat", "dog", "sound", "the", "rain", "noise", "picture")
WIDTH = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
SIDE = 32  # px
CLOSE = 2e-2 if torch.cuda.is_available() else 1e-4  # on a GPU the adapters compute in bfloat16


def save_tokenizer(folder: pathlib.Path, longest: int) -> None:
    vocabulary = {word: i for i, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS))}
    fast = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    fast.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    fast.post_processor = tokenizers.processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=fast, model_max_length=longest, **special).save_pretrained(folder)


def towers(folder: pathlib.Path, kind: str) -> Any:
    torch.manual_seed(0)
    text = {**WIDTH, "vocab_size": 16, "max_position_embeddings": 16}
    vision = {**WIDTH, "image_size": SIDE, "patch_size": 8}
    if kind == "siglip":
        model: Any = transformers.SiglipModel(transformers.SiglipConfig(text_config=text, vision_config=vision))
        processor: Any = transformers.SiglipImageProcessor(size={"height": SIDE, "width": SIDE})
    else:
        ends = {"bos_token_id": 2, "eos_token_id": 3}
        config = transformers.CLIPConfig(text_config={**text, **ends}, vision_config=vision, projection_dim=24)
        model = transformers.CLIPModel(config)
        processor = transformers.CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    save_tokenizer(folder, 16)
    return model


def images(count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)


def features(answer: Any) -> np.ndarray:
    tensor = answer if isinstance(answer, torch.Tensor) else answer.pooler_output
    return np.asarray(torch.nn.functional.normalize(tensor, dim=-1).detach().float().cpu().numpy())


@pytest.mark.parametrize("kind", ["siglip", "clip"])
def test_picture_towers_say_what_the_model_says(tmp_path: pathlib.Path, kind: str) -> None:
    model = towers(tmp_path, kind)
    encoder = load_image(str(tmp_path))
    assert encoder.size == (SIDE, SIDE)
    pixels = transformers.AutoImageProcessor.from_pretrained(tmp_path)(images=list(images()), return_tensors="pt")
    keys, vectors = encoder.encode(images())
    np.testing.assert_allclose(keys, features(model.get_image_features(**pixels)), atol=CLOSE)
    assert vectors is None
    assert np.array_equal(encoder.encode(images()[1:2])[0][0], keys[1]) or torch.cuda.is_available()


@pytest.mark.parametrize(("kind", "padding"), [("siglip", "max_length"), ("clip", True)])
def test_a_query_is_a_prompt_less_the_neutral_ones(tmp_path: pathlib.Path, kind: str, padding: Any) -> None:
    from streamer.models.towers import SEEN

    model = towers(tmp_path, kind)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)

    def expected(text: str) -> np.ndarray:
        told = text.lower() if kind == "siglip" else text
        return features(model.get_text_features(**tokenizer(told, padding=padding, truncation=True, max_length=16, return_tensors="pt")))[0]

    neutral = np.stack([expected(text) for text in SEEN])
    queries = load_image(str(tmp_path)).queries(["a photo of a Cat"])
    wanted = expected("a photo of a Cat") - neutral.mean(0)
    np.testing.assert_allclose(queries.vectors[0], wanted / np.linalg.norm(wanted), atol=CLOSE)
    assert queries.mean[0] == 0 and queries.deviation[0] > 0


def test_sound_towers_say_what_the_model_says(tmp_path: pathlib.Path) -> None:
    torch.manual_seed(0)
    text = {**WIDTH, "vocab_size": 16, "max_position_embeddings": 20, "projection_dim": 24}
    audio = {"hidden_size": 32, "patch_embeds_hidden_size": 16, "depths": [1, 1], "num_attention_heads": [1, 1], "projection_dim": 24}
    model: Any = transformers.ClapModel(transformers.ClapConfig(text_config=text, audio_config=audio, projection_dim=24)).eval()
    model.save_pretrained(tmp_path)
    transformers.ClapFeatureExtractor(truncation="rand_trunc").save_pretrained(tmp_path)
    save_tokenizer(tmp_path, 16)
    encoder = load_sound(str(tmp_path))
    samples = np.random.default_rng(0).normal(0, 0.1, 40_000).astype(np.float32)  # 2.5 s
    keys, vectors = encoder.encode(samples)
    assert keys.shape == (2, 24) and vectors is None
    assert (encoder.patch_s, encoder.hop_s) == (2.0, 0.5)
    import torchaudio

    heard = torchaudio.functional.resample(torch.from_numpy(samples[8_000:40_000]), 16_000, 48_000).numpy()
    extractor = transformers.AutoFeatureExtractor.from_pretrained(tmp_path)
    inputs = extractor(heard, sampling_rate=48_000, return_tensors="pt")
    np.testing.assert_allclose(keys[1], features(model.get_audio_features(**inputs))[0], atol=CLOSE)
    assert encoder.queries(["the sound of rain"]).vectors.shape == (1, 24)


@needs_models
def test_any_picture_classifier_speaks_through_words(tmp_path: pathlib.Path) -> None:
    torch.manual_seed(0)
    names = {0: "tabby cat", 1: "terrier", 2: "espresso", 3: "sports car", 4: "oboe"}
    config = transformers.ViTConfig(**WIDTH, image_size=SIDE, patch_size=8, id2label=names, label2id={name: i for i, name in names.items()})
    model: Any = transformers.ViTForImageClassification(config).eval()
    model.save_pretrained(tmp_path)
    transformers.ViTImageProcessor(size={"height": SIDE, "width": SIDE}).save_pretrained(tmp_path)
    encoder = load_image(str(tmp_path))
    pixels = transformers.AutoImageProcessor.from_pretrained(tmp_path)(images=list(images()), return_tensors="pt")
    logits, _ = encoder.classify(images())  # type: ignore[attr-defined]
    np.testing.assert_allclose(logits, model(**pixels).logits.detach().numpy(), atol=CLOSE)
    keys, vectors = encoder.encode(images())
    assert keys.shape == (3, 384) and vectors is None and encoder.queries(["a cat"]).vectors.shape == (1, 384)


@needs_models
def test_any_sound_classifier_speaks_through_words(tmp_path: pathlib.Path) -> None:
    torch.manual_seed(0)
    names = {0: "Dog", 1: "Rain", 2: "Siren", 3: "Music"}
    sizes = {"num_mel_bins": 32, "max_length": 128, "patch_size": 16, "frequency_stride": 16, "time_stride": 16}
    config = transformers.ASTConfig(**WIDTH, **sizes, id2label=names, label2id={name: i for i, name in names.items()})
    model: Any = transformers.ASTForAudioClassification(config).eval()
    model.save_pretrained(tmp_path)
    extractor = transformers.ASTFeatureExtractor(num_mel_bins=32, max_length=128)
    extractor.save_pretrained(tmp_path)
    encoder = load_sound(str(tmp_path))
    samples = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    logits, _ = encoder.classify(samples)  # type: ignore[attr-defined]
    inputs = extractor(samples, sampling_rate=16_000, return_tensors="pt")
    np.testing.assert_allclose(logits, model(**inputs).logits.detach().numpy(), atol=CLOSE)
    assert encoder.encode(samples)[0].shape == (1, 384)


@pytest.mark.parametrize("first_token", [False, True])
def test_sentences_are_pooled_as_their_directory_says(tmp_path: pathlib.Path, first_token: bool) -> None:
    torch.manual_seed(0)
    kind = transformers.BertModel if first_token else transformers.XLMRobertaModel
    model: Any = kind(kind.config_class(**WIDTH, vocab_size=16, max_position_embeddings=40, pad_token_id=0)).eval()
    model.save_pretrained(tmp_path)
    save_tokenizer(tmp_path, 16)
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": first_token}))
    encoder = load_text(str(tmp_path))
    inputs = transformers.AutoTokenizer.from_pretrained(tmp_path)("a photo of the cat", return_tensors="pt")
    states = model(**inputs).last_hidden_state[0]
    expected = states[0] if first_token else states.mean(0)
    np.testing.assert_allclose(encoder.encode(["a photo of the cat"]), features(expected[None]), atol=CLOSE)
    assert encoder.queries(["a cat", "rain"]).deviation.shape == (2,)


def test_a_local_bert_runs_without_torch(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMER_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    model: Any = transformers.BertModel(transformers.BertConfig(**WIDTH, vocab_size=16, max_position_embeddings=40)).eval()
    model.save_pretrained(tmp_path)
    save_tokenizer(tmp_path, 16)
    encoder: TextEncoder = load_text(str(tmp_path))
    inputs = transformers.AutoTokenizer.from_pretrained(tmp_path)("a dog", return_tensors="pt")
    np.testing.assert_allclose(encoder.encode(["a dog"]), features(model(**inputs).last_hidden_state.mean(1)), atol=1e-5)
