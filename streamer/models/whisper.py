"""Whisper from a CTranslate2 directory for the other two engines, so that all three run the same weights."""

import functools
import json
import pathlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from streamer.errors import ModelError
from streamer.models import cache, ct2, places

MULTILINGUAL_ROWS = 51_865  # of the token embedding; English-only models have one less
TIMESTAMPS = 1501  # tokens <|0.00|> … <|30.00|>
BEGIN = 50_257  # bos_token_id as published with every Whisper; nothing uses it
FIRST_TIMESTAMP = 50  # the first timestamp is at most 1 s, as published


class Weight(NamedTuple):
    """An array and what it is called by the two engines."""

    transformers: str
    openai: str
    array: np.ndarray  # float16 or float32


class Special(NamedTuple):
    """Ids of tokens that steer Whisper; multilingual models have them one higher than English-only ones."""

    end: int
    start: int
    previous: int
    no_timestamps: int
    tasks: dict[str, int]
    languages: dict[str, int]  # <|en|> → id
    names: list[str]  # of all above `end`, in order of their ids


def transformers_directory(name: str) -> pathlib.Path:
    """A transformers directory of this model, made from a CTranslate2 one where need be. Errors: ModelError."""
    source = places.directory(name)
    if not _is_ct2(source):
        return source
    return cache.kept(f"whisper-transformers-{places.fingerprint(name)}", functools.partial(_save_transformers, source))


def openai_checkpoint(name: str) -> pathlib.Path:
    """A checkpoint that `whisper.load_model` reads: plain tensors, as torch.load(weights_only=True) demands.

    Errors: ModelError.
    """
    source = places.directory(name)
    if not _is_ct2(source):
        raise ModelError(f"model {name}: openai-whisper takes its own .pt files or CTranslate2 directories; expected model.bin in {source}")
    return cache.kept(f"whisper-openai-{places.fingerprint(name)}.pt", functools.partial(_save_openai, source))


def alignment_heads(name: str) -> list[tuple[int, int]]:
    """Layer and head of the decoder's attention that follows the sound: openai-whisper wants to be told. Errors: ModelError."""
    about = json.loads((places.directory(name) / "config.json").read_text("utf-8"))
    return [(layer, head) for layer, head in about["alignment_heads"]]


def _is_ct2(folder: pathlib.Path) -> bool:
    return (folder / "model.bin").is_file()


def weights(variables: dict[str, np.ndarray]) -> Iterator[Weight]:
    """Every weight of the model. The output projection is the token embedding, and is not stored twice."""
    for side in ("encoder", "decoder"):
        positions = variables[f"{side}/position_encodings/encodings"]  # as stored: Whisper's differ from its formula in the last bits
        yield Weight(f"model.{side}.embed_positions.weight", f"{side}.positional_embedding", positions)
        for layer in range(_layers(variables, side)):
            yield from _layer(variables, side, layer)
        yield from _pair(variables, f"{side}.layer_norm", f"{side}.ln_post" if side == "encoder" else f"{side}.ln", f"{side}/layer_norm")
    for conv in ("encoder.conv1", "encoder.conv2"):
        yield from _pair(variables, conv, conv, conv.replace(".", "/"))
    yield Weight("model.decoder.embed_tokens.weight", "decoder.token_embedding.weight", variables["decoder/embeddings/weight"])


def _layer(variables: dict[str, np.ndarray], side: str, layer: int) -> Iterator[Weight]:
    theirs, openai, source = f"{side}.layers.{layer}", f"{side}.blocks.{layer}", f"{side}/layer_{layer}"
    yield from _attention(variables, f"{theirs}.self_attn", f"{openai}.attn", f"{source}/self_attention")
    if side == "decoder":
        yield from _attention(variables, f"{theirs}.encoder_attn", f"{openai}.cross_attn", f"{source}/attention")
    for name, short, inside in (("fc1", "mlp.0", "linear_0"), ("fc2", "mlp.2", "linear_1"), ("final_layer_norm", "mlp_ln", "layer_norm")):
        yield from _pair(variables, f"{theirs}.{name}", f"{openai}.{short}", f"{source}/ffn/{inside}")


def _attention(variables: dict[str, np.ndarray], theirs: str, openai: str, source: str) -> Iterator[Weight]:
    """CTranslate2 stacks what is applied to the same input: query, key, value of self-attention; key, value of cross-attention."""
    stacks = [variables[f"{source}/linear_{i}/weight"] for i in range(3) if f"{source}/linear_{i}/weight" in variables]
    biases = [variables[f"{source}/linear_{i}/bias"] for i in range(len(stacks))]
    width = stacks[0].shape[1]
    parts = zip(np.split(np.concatenate(stacks), 4), np.split(np.concatenate(biases), 4), strict=True)
    assert sum(len(stack) for stack in stacks) == 4 * width, f"{source}: expected query, key, value, out of {width} rows each"
    for (short, word), (weight, bias) in zip((("q", "query"), ("k", "key"), ("v", "value"), ("out", "out")), parts, strict=True):
        yield Weight(f"model.{theirs}.{short}_proj.weight", f"{openai}.{word}.weight", weight)
        if word == "key":
            assert not bias.any(), f"{source}: Whisper's keys have no bias"
        else:
            yield Weight(f"model.{theirs}.{short}_proj.bias", f"{openai}.{word}.bias", bias)
    yield from _pair(variables, f"{theirs}_layer_norm", f"{openai}_ln", f"{source}/layer_norm")


def _pair(variables: dict[str, np.ndarray], theirs: str, openai: str, source: str) -> Iterator[Weight]:
    names = ("gamma", "beta") if f"{source}/gamma" in variables else ("weight", "bias")
    for kind, name in zip(("weight", "bias"), names, strict=True):
        yield Weight(f"model.{theirs}.{kind}", f"{openai}.{kind}", variables[f"{source}/{name}"])


def _layers(variables: dict[str, np.ndarray], side: str) -> int:
    return sum(name.startswith(f"{side}/layer_") and name.endswith("ffn/linear_0/bias") for name in variables)


def _special(folder: pathlib.Path, rows: int) -> Special:
    added = json.loads((folder / "tokenizer.json").read_text("utf-8"))["added_tokens"]
    ids = {token["content"]: int(token["id"]) for token in added}
    start, translate, no_timestamps = ids["<|startoftranscript|>"], ids["<|translate|>"], ids["<|notimestamps|>"]
    if rows != no_timestamps + 1 + TIMESTAMPS:
        raise ModelError(f"{folder}: {rows} token embeddings, but its tokenizer names {no_timestamps + 1}, and {TIMESTAMPS} are for times")
    in_order = sorted(ids, key=ids.__getitem__)
    return Special(
        end=ids["<|endoftext|>"],
        start=start,
        previous=ids["<|startofprev|>"],
        no_timestamps=no_timestamps,
        tasks={"transcribe": ids["<|transcribe|>"], "translate": translate},
        languages={name: ids[name] for name in in_order if start < ids[name] < translate},
        names=[name for name in in_order if ids[name] > ids["<|endoftext|>"]],
    )


class _Shape(NamedTuple):
    """The model's dimensions, under openai-whisper's names."""

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int


def _shape(variables: dict[str, np.ndarray]) -> _Shape:
    sizes: dict[str, int] = {}
    for side, short in (("encoder", "audio"), ("decoder", "text")):
        sizes[f"n_{short}_ctx"], sizes[f"n_{short}_state"] = variables[f"{side}/position_encodings/encodings"].shape
        sizes[f"n_{short}_head"] = int(variables[f"{side}/num_heads"])
        sizes[f"n_{short}_layer"] = _layers(variables, side)
    return _Shape(n_mels=variables["encoder/conv1/weight"].shape[1], n_vocab=len(variables["decoder/embeddings/weight"]), **sizes)


def _save_openai(source: pathlib.Path, path: pathlib.Path) -> None:
    import torch  # here: half of the callers want a directory, which is written without it

    variables = ct2.read(source / "model.bin")
    tensors = {weight.openai: torch.from_numpy(np.array(weight.array)) for weight in weights(variables)}
    torch.save({"dims": _shape(variables)._asdict(), "model_state_dict": tensors}, path)


def _save_transformers(source: pathlib.Path, path: pathlib.Path) -> None:
    from safetensors.numpy import save_file

    variables = ct2.read(source / "model.bin")
    shape = _shape(variables)
    special = _special(source, shape.n_vocab)
    path.mkdir()
    _save_configs(source, path, shape, special, len(variables["encoder/layer_0/ffn/linear_0/bias"]))
    _save_processor(source, path, shape, special)
    save_file({weight.transformers: np.array(weight.array) for weight in weights(variables)}, path / "model.safetensors", {"format": "pt"})


def _save_configs(source: pathlib.Path, path: pathlib.Path, shape: _Shape, special: Special, inner: int) -> None:
    import transformers  # here: seconds, for one of three engines

    kinds: Any = transformers
    about = json.loads((source / "config.json").read_text("utf-8"))
    multilingual = shape.n_vocab >= MULTILINGUAL_ROWS
    ids = {"bos_token_id": BEGIN, "eos_token_id": special.end, "pad_token_id": special.end, "decoder_start_token_id": special.start}
    kinds.WhisperConfig(
        vocab_size=shape.n_vocab,
        num_mel_bins=shape.n_mels,
        d_model=shape.n_audio_state,
        encoder_layers=shape.n_audio_layer,
        decoder_layers=shape.n_text_layer,
        encoder_attention_heads=shape.n_audio_head,
        decoder_attention_heads=shape.n_text_head,
        encoder_ffn_dim=inner,
        decoder_ffn_dim=inner,
        max_source_positions=shape.n_audio_ctx,
        max_target_positions=shape.n_text_ctx,
        dtype="float16",
        architectures=["WhisperForConditionalGeneration"],
        **ids,
    ).save_pretrained(path)
    # English-only models know no languages and tasks: with these fields transformers would put them into the prompt. The others need a
    # task: without one, generate() leaves its token out and repeats one word for ever
    choices: dict[str, Any] = {"lang_to_id": special.languages, "task_to_id": special.tasks, "task": "transcribe"} if multilingual else {}
    kinds.GenerationConfig(
        max_length=shape.n_text_ctx,
        suppress_tokens=about["suppress_ids"],
        begin_suppress_tokens=about["suppress_ids_begin"],
        alignment_heads=about["alignment_heads"],
        is_multilingual=multilingual,
        no_timestamps_token_id=special.no_timestamps,
        max_initial_timestamp_index=FIRST_TIMESTAMP,
        prev_sot_token_id=special.previous,
        return_timestamps=False,
        **choices,
        **ids,
    ).save_pretrained(path)


def _save_processor(source: pathlib.Path, path: pathlib.Path, shape: _Shape, special: Special) -> None:
    import transformers  # here: seconds, for one of three engines

    kinds: Any = transformers
    assert special.names[-1] == "<|notimestamps|>", "times are counted from the last special token"
    tokenizer = kinds.WhisperTokenizer(tokenizer_file=str(source / "tokenizer.json"), extra_special_tokens=special.names)
    extractor = kinds.WhisperFeatureExtractor(feature_size=shape.n_mels)
    kinds.WhisperProcessor(extractor, tokenizer).save_pretrained(path)
    extractor.save_pretrained(path)
