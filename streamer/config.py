"""Every knob on one page: its default, unit and reason. TOML files and `--set speech.model=…` fill it."""

import difflib
import pathlib
import re
import tomllib
from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from streamer.errors import ConfigError

ProfileName = Literal["offline", "none"]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


NO_MODEL = "none"  # of the trained fusion


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of knobs."""


class Media(Section, frozen=True, kw_only=True):
    """How films are read."""

    frames_per_second: Positive = 1.0  # pictures looked at; 1 is enough for scenes, 2 for short events
    decode: Literal["lazy", "full", "keyframes"] = "lazy"
    # lazy: the same frames as full, but no GOP is decoded past its last wanted frame; keyframes: only those
    picture_width_px: Annotated[int, msgspec.Meta(ge=16)] = 1280
    # of pictures kept and read; more costs time, and print below 10 px is lost either way
    picture_pause_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0  # from one that is kept and read to the next, at least


class Speech(Section, frozen=True, kw_only=True):
    """How words are found."""

    engine: Literal["auto", "faster-whisper", "transformers", "openai-whisper"] = "auto"
    # auto: faster-whisper on a CPU, transformers on a GPU
    model: str = "whisper-base"  # a name of `streamer models`, or a local directory
    language: str = "auto"  # ISO 639-1; auto: found, and kept until another one is likelier than not
    translate: bool = True  # into English for the text space, which knows no other language
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute: Literal["auto", "int8", "float32", "float16"] = "auto"  # auto: int8 on a CPU (no measurable loss)
    speech_threshold: Share = 0.5  # VAD probability that opens a segment (Silero's own default)
    no_speech_threshold: Share = 0.6  # above it words are not printed; alone, without a log-probability condition
    compression_threshold: Positive = 2.4  # above it the text repeats itself (Whisper's own default)


class Vision(Section, frozen=True, kw_only=True):
    """How pictures are seen."""

    model: str = "efficientnet-lite0"
    ocr: bool = True  # read text in the picture
    keyframes: bool = True  # keep a picture of each shot
    cut_threshold: Positive = 30.0  # mean grey difference (0..255) that no motion explains


class Listening(Section, frozen=True, kw_only=True):
    """How sounds are heard."""

    model: str = "yamnet"


class Text(Section, frozen=True, kw_only=True):
    """How words, labels and writing become vectors."""

    model: str = "minilm-l6"


class Fusion(Section, frozen=True, kw_only=True):
    """How the senses are joined. The values of `attention` are in the labels file."""

    window_s: Positive = 8.0  # long enough for a sentence and what it speaks of
    hop_s: Positive = 4.0  # every bin lies in two windows
    bin_s: Positive = 0.5
    labels: str = ""  # a labels file beside the default one; empty: the default
    model: str = ""  # folder of a trained fusion for the labels it knows; empty: the one that comes along; none: no label has one
    level: Annotated[int, msgspec.Meta(ge=0, le=3)] = 2
    # up to which it may go: 0 none, 1 fitted weights, 2 each sense by itself, 3 what only shows together too, which turns on `fine`
    fine: bool = False  # rhythm and movement too, for what must be seen and heard at once: 2 pictures a second, and all are decoded

    def __post_init__(self) -> None:
        if self.level == 3 and self.model != NO_MODEL:
            msgspec.structs.force_setattr(self, "fine", True)


class Interpret(Section, frozen=True, kw_only=True):
    """How evidence is told."""

    language: Literal["en", "zh"] = "en"  # of descriptions
    describe: bool = True
    sentiment: bool = True


class Bus(Section, frozen=True, kw_only=True):
    """How Kafka is reached. No secret stands here: passwords come from an environment variable or a file."""

    address: str = ""  # kafka://host:9092,host2:9092[/prefix], or local://name (inside this process)
    prefix: str = "streamer"  # topics are called <prefix>.<name>.v1
    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"  # Kafka's own names: TLS is SSL, a password is SASL
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"  # of SASL
    username: str = ""  # of SASL
    password_env: str = "STREAMER_KAFKA_PASSWORD"  # the environment variable that holds the password of SASL
    password_file: str = ""  # a file that holds it; goes before the variable
    ca_file: str = ""  # PEM, who may sign the broker's certificate; empty: the authorities of this system
    certificate_file: str = ""  # PEM, our own certificate, where the broker asks for one (mTLS)
    key_file: str = ""  # PEM, the key of our certificate; empty: it is in the same file
    key_password_env: str = "STREAMER_KAFKA_KEY_PASSWORD"  # the environment variable that holds the key's password, if it has one
    partitions: Annotated[int, msgspec.Meta(ge=1)] = 6  # of each topic that is created: at most so many workers share the streams
    replication: Annotated[int, msgspec.Meta(ge=0)] = 0  # copies of each partition; 0: as the broker says
    media_kept_h: Positive = 24.0  # hours that compressed media stays in Kafka: a privacy setting too
    media_kept_gb: Positive = 10.0  # at most so much of it in each partition
    results_kept_days: Positive = 7.0
    in_flight_mb: Positive = 32.0  # published but not yet acknowledged; above it `publish` waits
    spool_gb: Positive = 2.0  # of a live stream on disk while the broker is away; then its oldest part is given up
    delivery_timeout_s: Positive = 120.0  # longer than any outage that is to be ridden out; then publishing begins anew
    session_timeout_s: Positive = 10.0  # a worker that is silent for so long loses its partitions
    max_poll_interval_s: Positive = 300.0  # likewise one that does not poll


class Config(Section, frozen=True, kw_only=True):
    """Everything that can be set."""

    profile: ProfileName = "offline"  # offline: real models from pip packages; none: facts without models
    media: Media = Media()
    speech: Speech = Speech()
    vision: Vision = Vision()
    sound: Listening = Listening()
    text: Text = Text()
    fusion: Fusion = Fusion()
    interpret: Interpret = Interpret()
    bus: Bus = Bus()
    tell: tuple[str, ...] = ()  # labels of one's own: "a dog barking", "sees: …", "hears: …", "about: …", "says: …", "shows: …"

    def with_labels(self, tell: Iterable[str]) -> "Config":
        """The same with more labels to tell."""
        return msgspec.structs.replace(self, tell=(*self.tell, *tell))


def load(path: str | None = None, settings: Iterable[str] = ()) -> Config:
    """The defaults, then a TOML file, then `section.name=value` settings. Errors: ConfigError."""
    values: dict[str, Any] = {}
    if path:
        try:
            values = tomllib.loads(pathlib.Path(path).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{path}: {error}; expected a TOML file of options (see docs/options.md)") from error
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set {setting}: expected NAME=VALUE, for example speech.language=de")
        _put(values, name.strip(), text.strip())
    _check_names(values, Config, "")
    try:
        return msgspec.convert(values, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(_expected(str(error))) from error


def options(kind: type[Section] = Config, prefix: str = "") -> dict[str, Any]:
    """Every option's dotted name and default."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        if isinstance(field.default, Section):
            found |= options(type(field.default), f"{prefix}{field.name}.")
        else:
            found[prefix + field.name] = field.default
    return found


def _expected(problem: str) -> str:
    """What msgspec found wrong, and what the option can be."""
    path = re.search(r"\$\.([\w.]+)", problem)
    if not path:
        return f"options: {problem}"
    *sections, name = path[1].split(".")
    kind: Any = Config
    for section in sections:
        kind = get_type_hints(kind)[section]
    field = get_type_hints(kind, include_extras=True)[name]
    allowed = ", ".join(map(str, get_args(field))) if get_origin(field) is Literal else getattr(field, "__name__", str(field))
    return f"option {path[1]}: {problem.partition(' - at')[0]}; expected {allowed}"


def _put(values: dict[str, Any], dotted: str, text: str) -> None:
    *sections, name = dotted.split(".")
    for section in sections:
        values = values.setdefault(section, {})
    values[name] = [text] if dotted == "tell" else text


def _check_names(values: dict[str, Any], kind: type[Section], prefix: str) -> None:
    known = {field.name: field.default for field in msgspec.structs.fields(kind)}
    for name, value in values.items():
        if name not in known:
            every = list(options())
            near = difflib.get_close_matches(prefix + name, every, 3, 0.4) or every[:3]
            raise ConfigError(f"unknown option {prefix}{name}; nearest: {', '.join(near)}")
        default = known[name]
        if isinstance(default, Section):
            if not isinstance(value, dict):
                raise ConfigError(f"{prefix}{name} is a section; set for example {prefix}{name}.{next(iter(options(type(default))))}=…")
            _check_names(value, type(default), f"{prefix}{name}.")
