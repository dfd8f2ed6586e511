"""What is worth telling: labels from a YAML file and from `--tell`, and how evidence for them is weighed.

A label is found by what it looks like (`sees`), sounds like (`hears`), by what is said of it (`about`) or written of it
(`written`), and by exact words said (`says`) or shown (`shows`). It declares a modality by having a prompt for it; other
modalities give it no evidence.
"""

import difflib
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import yaml
from msgspec import field

from schemas.messages import MODALITIES, Calibration, Modality
from streamer.errors import ConfigError

DEFAULT = pathlib.Path(__file__).with_name("labels.yaml")
SENSES: dict[str, Modality] = {"sees": "vision", "hears": "sound", "about": "text", "written": "ocr"}
VERBS: dict[str, "Verb"] = {"sees": "seen", "hears": "heard", "about": "said", "says": "said", "written": "shown", "shows": "shown"}
KINDS = (*SENSES, "says", "shows")

Verb = Literal["seen", "heard", "said", "shown"]
Severity = Literal["info", "notice", "warning", "critical"]
TextMode = Literal["evidence", "mention", "off"]
Phrases = str | tuple[str, ...]


REACH_S: dict[Modality, float] = {"vision": 1.5, "sound": 1.5, "text": 0.5, "ocr": 0.5}
# What is seen and heard is sampled, so its neighbours count too (1.5 s: two σ of pictures). What is said or written is tied to
# its own span: with nothing said around it, a phrase would else be on for two seconds before and after.


class Attention(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How evidence is weighed at level 0 (models.md §3.1); by modality where senses differ. Fitted values: labels.yaml."""

    beta: dict[Modality, float]  # how sharply attention prefers likely tokens
    null: float = -2.0  # weight of the null key: what a token has to outweigh before it is attended to
    sigma_s: dict[Modality, float]  # seconds from a token at which its weight has fallen to .6
    reach_s: dict[Modality, float] = field(default_factory=REACH_S.copy)  # seconds from a token beyond which it says nothing
    z_min: dict[Modality, float]  # deviations above the background below which a sense does not vote
    gain: dict[Modality, float]  # logit per deviation above z_min
    floor: dict[Modality, float]  # smallest deviation of a background, in units of the dot product
    prior: float  # logit of a label without evidence
    threshold: float  # score at which an event begins
    off: float  # score at which it ends
    words_threshold: float  # the same for labels that are found by exact words alone
    words_off: float


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """One thing worth telling."""

    name: str
    prompts: dict[Modality, tuple[str, ...]] = {}  # short noun phrases
    says: tuple[str, ...] = ()  # phrases looked for among the words said
    shows: tuple[str, ...] = ()  # phrases looked for in the writing on screen
    text_mode: TextMode = "evidence"  # mention: what is said of it is scored, but does not make it happen
    prior: float
    threshold: float
    off: float
    severity: Severity = "info"
    valence: float | None = None  # -1..1: the mood it speaks for
    phrase: dict[str, str]  # language -> noun phrase for descriptions; always "en" and "zh"
    verb: Verb | None = None  # how it is told: something is seen, heard, said, shown; None: by its strongest modality

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The modalities it declares."""
        exact = {"text": self.says, "ocr": self.shows}
        return tuple(modality for modality in MODALITIES if self.prompts.get(modality) or exact.get(modality))


class LabelSet(msgspec.Struct, frozen=True, kw_only=True):
    """All labels of a run, and how evidence for them is weighed."""

    labels: tuple[Label, ...]
    attention: Attention

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(label.name for label in self.labels)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a trained fusion in a run."""

    model: str  # level and fingerprint, as results name it
    level: int  # 1..3
    labels: tuple[str, ...] = ()  # those that it speaks for
    declares: dict[str, tuple[Modality, ...]] = {}  # label -> modalities that tell it
    thresholds: dict[str, tuple[float, float]] = {}  # label -> scores at which an event begins and ends
    calibration: Calibration = "prior"  # fitted: on windows of this user


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A label as it stands in a file."""

    sees: Phrases = ()
    hears: Phrases = ()
    about: Phrases = ()
    written: Phrases = ()
    says: Phrases = ()
    shows: Phrases = ()
    text_mode: TextMode = "evidence"
    prior: float | None = None
    threshold: float | None = None
    off: float | None = None
    severity: Severity = "info"
    valence: float | None = None
    phrase: dict[str, str] = {}
    verb: Verb | None = None


class _Words(yaml.SafeLoader):
    """Safe, and `off` is a word as in YAML 1.2, not a boolean as in 1.1."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (the base class declares it so)
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":bool")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def load(path: str | pathlib.Path | None = None, tell: Sequence[str] = ()) -> LabelSet:
    """The default labels, those of a file (same name: replaced; null: left out), then those told. Errors: ConfigError."""
    attention, entries = _read(DEFAULT)
    origin = dict.fromkeys(entries, str(DEFAULT.name))
    if path:
        weights, own = _read(pathlib.Path(path))
        attention = _merge(attention, weights)
        entries |= own
        origin |= dict.fromkeys(own, str(path))
    weighing = _convert(attention, Attention, f"{path or DEFAULT.name}: attention")
    labels = {name: _label(name, entry, weighing, origin[name]) for name, entry in entries.items() if entry is not None}
    labels |= {name: _label(name, entry, weighing, f"--tell {name!r}") for name, entry in map(parse, tell)}
    return LabelSet(labels=tuple(labels.values()), attention=weighing)


def parse(expression: str) -> tuple[str, dict[str, object]]:
    """Name and entry of a `--tell` expression: `KIND: words`, or words to be seen, heard or spoken of. Errors: ConfigError."""
    name = " ".join(expression.split())
    kind, colon, words = name.partition(":")
    if not (colon and re.fullmatch(r"[A-Za-z]+", kind)):
        kind, words = "", name
    if kind and kind.lower() not in KINDS:
        near = (difflib.get_close_matches(kind.lower(), KINDS, 1, 0.0) or KINDS)[0]
        raise ConfigError(f"--tell {name!r}: {kind} is none of {', '.join(KINDS)}; did you mean '{near}: {words.strip()}'?")
    kind, words = kind.lower(), words.strip()
    if not any(letter.isalnum() for letter in words):
        raise ConfigError(f"--tell {name!r}: expected words, for example 'a dog barking' or 'says: banana'")
    if not kind:
        return name, {"sees": words, "hears": words, "about": words}
    return name, {kind: words, "verb": VERBS[kind], "phrase": _phrase(kind, words)}


def _phrase(kind: str, words: str) -> dict[str, str]:
    match kind:
        case "says":
            return {"en": f"the words “{words}”", "zh": f"“{words}”这句话"}
        case "shows":
            return {"en": f"the writing “{words}”", "zh": f"“{words}”字样"}
        case _:
            return {"en": words, "zh": words}


def _read(path: pathlib.Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The `attention` and `labels` of a file, not yet checked."""
    try:
        content = yaml.load(path.read_text("utf-8"), _Words) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}; expected a YAML file of labels (see streamer/labels.yaml)") from error
    if not isinstance(content, dict) or set(content) - {"attention", "labels"}:
        raise ConfigError(f"{path}: expected `labels:` and perhaps `attention:` at the top (see streamer/labels.yaml)")
    attention, labels = content.get("attention") or {}, content.get("labels") or {}
    if not isinstance(attention, dict) or not isinstance(labels, dict):
        raise ConfigError(f"{path}: `labels` and `attention` are mappings from names to values (see streamer/labels.yaml)")
    for name in labels:
        if not isinstance(name, str):
            raise ConfigError(f"{path}: label {name!r}: a name is text; put it in quotes")
    return attention, labels


def _merge(values: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with those of `over`, one level into mappings."""
    both = dict(values)
    for name, value in over.items():
        known = both.get(name)
        both[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    return both


def _convert(value: object, kind: Any, where: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error} (see streamer/labels.yaml)") from error


def _label(name: str, content: object, attention: Attention, origin: str) -> Label:
    where = f"{origin}: label {name!r}" if not origin.startswith("--tell") else origin
    if isinstance(content, dict):
        _check_names(content, where)
    entry: Entry = _convert(content, Entry, where)
    phrases = {kind: _several(getattr(entry, kind), f"{where}: {kind}") for kind in KINDS}
    if not any(phrases.values()):
        raise ConfigError(f"{where}: nothing to look for; give it one of {', '.join(KINDS)}")
    exact = not any(phrases[kind] for kind in SENSES)
    threshold = _or(entry.threshold, attention.words_threshold if exact else attention.threshold)
    off = _or(entry.off, min(attention.words_off if exact else attention.off, threshold))
    if not 0 < off <= threshold < 1:
        raise ConfigError(f"{where}: off {off} and threshold {threshold}; expected 0 < off ≤ threshold < 1")
    if not -1 <= (entry.valence or 0) <= 1:
        raise ConfigError(f"{where}: valence {entry.valence}; expected -1..1")
    english = entry.phrase.get("en", name.replace("_", " "))
    return Label(
        name=name,
        prompts={modality: phrases[kind] for kind, modality in SENSES.items() if phrases[kind]},
        says=phrases["says"],
        shows=phrases["shows"],
        text_mode=entry.text_mode,
        prior=_or(entry.prior, attention.prior),
        threshold=threshold,
        off=off,
        severity=entry.severity,
        valence=entry.valence,
        phrase={"zh": english} | entry.phrase | {"en": english},
        verb=entry.verb,
    )


def _check_names(entry: Mapping[str, object], where: str) -> None:
    for name in entry:
        if name not in Entry.__struct_fields__:
            near = difflib.get_close_matches(str(name), Entry.__struct_fields__, 3, 0.4) or Entry.__struct_fields__
            raise ConfigError(f"{where}: unknown key {name}; nearest: {', '.join(near)}")


def _several(phrases: Phrases, where: str) -> tuple[str, ...]:
    several = (phrases,) if isinstance(phrases, str) else phrases
    for phrase in several:
        if not any(letter.isalnum() for letter in phrase):
            raise ConfigError(f"{where}: {phrase!r} has no words")
    return tuple(several)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
