"""Every message of the project, one class a thing: the same object in memory and on the wire.

Times are float seconds of media time since the stream's epoch began. Arrays are NumPy; their shape and dtype stand
beside the field. A class that never leaves the process says "inside only".
"""

from hashlib import blake2b
from typing import Literal

import msgspec
import numpy as np

Modality = Literal["vision", "sound", "text", "ocr"]
MODALITIES: tuple[Modality, ...] = ("vision", "sound", "text", "ocr")
Grain = Literal["middle", "motion", "sound", "onsets"]
# middle: a layer in the middle of the picture encoder, one row with each vector of vision; motion: what moves where;
# sound: the sound encoder's own embedding of the patch around the time; onsets: rise and height of energy in bands
Calibration = Literal["none", "prior", "fitted"]
# none: a raw score; prior: stated constants or a model trained elsewhere; fitted: on labelled windows of this user
Status = Literal["present", "no_track", "silent", "stale", "late", "failed", "dropped"]
Phase = Literal["started", "updated", "ended", "retracted"]


def identity(*fields: str | int) -> str:
    """BLAKE2b-128 hex of the fields joined by `|`: the same thing always gets the same id."""
    return blake2b("|".join(map(str, fields)).encode(), digest_size=16).hexdigest()


def microseconds(seconds: float) -> int:
    """A media time as it enters an id."""
    return round(seconds * 1_000_000)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a message."""


class Message(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """What every message has."""

    stream: str  # [a-z0-9._-]{1,64}: a configured name, or f- and the BLAKE2b-128 of the file's bytes; never a URL
    epoch: int = 0  # milliseconds since 1970 when a live stream (re)started; 0 for files


class Result(Message, frozen=True, kw_only=True):
    """What every published result has besides its own fields."""

    id: str  # stable: a repeat or a correction has the same one
    rev: int = 0  # a correction is a full replacement with rev + 1
    window: str | None = None  # id of the window that made it, or in which it was told
    models: dict[str, str] = {}  # role -> name of the model that said it
    calibration: Calibration = "none"
    profile: str = "offline"
    utc: float | None = None  # seconds since 1970 of `start`, where a clock is known
    clock: Literal["ntp", "file", "arrival"] | None = None
    uncertainty_ms: float | None = None


# --- what comes in -------------------------------------------------------------------------------------------------


class Source(Message, frozen=True, kw_only=True):
    """A stream that should run."""

    reference: str  # where its address is kept (a name in the operator's configuration); never the address itself
    options: dict[str, str] = {}
    wanted: Literal["running", "stopped"] = "running"


class Track(Part, frozen=True, kw_only=True):
    """Codec parameters of one track; enough to open a decoder."""

    index: int
    kind: Literal["video", "audio"]
    codec: str  # name of the decoder
    time_base: tuple[int, int]  # numerator, denominator in seconds
    extradata: bytes = b""
    width: int = 0  # px
    height: int = 0  # px
    rate: int = 0  # Hz
    layout: str = ""
    rotation: int = 0  # degrees counter-clockwise to turn the picture upright: 0 to 359
    tag: str = ""  # four characters: what the container calls the codec
    format: str = ""  # of pixels
    ratio: tuple[int, int] = (1, 1)  # width of a pixel by its height
    colour: tuple[int, int, int, int] = (0, 2, 2, 2)  # range (1 video, 2 full), then matrix, primaries, transfer by H.273
    reorder: int = 0  # frames that the decoder holds back to put them in order
    bits: int = 0  # of a coded sample; 0: the codec says
    block: int = 0  # bytes of a block of ADPCM
    pace: float = 0.02  # seconds that a packet lasts where it does not say so


class Container(Part, frozen=True, kw_only=True):
    """What the container says of all tracks."""

    words: dict[str, str] = {}  # for people: what was found and what was chosen
    start: float = 0.0  # seconds on the clock of the container: where media time begins
    duration: float = 0.0  # seconds; 0: unknown
    ends: float = 0.0  # seconds of media time where it says that its tracks end; 0: unknown
    restarts: bool = False  # its clock may jump in the middle


class Packet(Part, frozen=True, kw_only=True, array_like=True):
    """One compressed packet of a Chunk; its bytes are the next `size` bytes of `data`."""

    track: int
    pts: int | None
    dts: int | None
    duration: int
    key: bool
    size: int
    part: int = 0  # 0: whole; n: the n-th fragment of a packet too large for one Chunk, -n: its last
    corrupt: bool = False  # the demuxer saw damage
    discard: bool = False  # decoded, for others need it, but not shown
    side: dict[str, bytes] = {}  # what else a decoder must know: samples to skip, new extradata, a palette


class Chunk(Message, frozen=True, kw_only=True):
    """A run of compressed packets of one stream, all tracks interleaved; at most 512 KiB."""

    kind: Literal["media", "heartbeat", "gap", "end"] = "media"
    # heartbeat: the source is silent, seq is that of the next Chunk; gap: what is missing up to and with this seq is lost
    seq: int  # from 0, by one, inside an epoch
    began: Literal["start", "reconnect", "restart", "takeover", "discontinuity", "parameters"] = "start"
    captured: float = 0.0  # seconds since 1970
    cause: str = ""  # of a gap: spool, overload, poison
    container: Container | None = None  # with the parameters
    parameters: tuple[Track, ...] = ()  # of all tracks, where reading can begin
    packets: tuple[Packet, ...] = ()
    data: bytes = b""


class Frame(Message, frozen=True, kw_only=True):
    """One sampled picture, and a glimpse of everything decoded on the way to it."""

    time: float
    image: np.ndarray  # uint8 [height, width, 3], RGB, the whole picture squeezed to the encoder's size
    picture: np.ndarray | None = None
    # uint8 [height, width, 3], RGB, upright, true shape, at most 1280 px wide: there when the picture has changed
    # since the last one that was given (for reading text and keeping keyframes)
    width: int  # px of the upright source picture
    height: int
    luma: np.ndarray  # uint8 [frames, 90, 160]: grey, point-sampled: each frame decoded since the last sample and this
    luma_times: np.ndarray  # float64 [frames], the last one is `time`


class Audio(Message, frozen=True, kw_only=True):
    """Consecutive sound: each block begins where the one before ended (what was lost is silence and a Gap)."""

    time: float
    rate: int  # Hz
    samples: np.ndarray  # float32 [samples], mono, in [-1, 1]


# --- what is perceived ---------------------------------------------------------------------------------------------


class Word(Part, frozen=True, kw_only=True):
    """One word as it was said."""

    start: float
    end: float
    text: str
    probability: float  # 0..1


class Utterance(Result, frozen=True, kw_only=True):
    """Somebody spoke: the words where they are known, else why not."""

    start: float
    end: float
    text: str | None  # None: words unknown, see `reason`
    reason: str | None = None
    words: tuple[Word, ...] = ()
    language: str | None = None  # ISO 639-1
    language_probability: float | None = None
    translation: str | None = None  # English, where the language is another one
    no_speech: float | None = None  # probability
    log_probability: float | None = None  # mean over tokens
    compression: float | None = None  # ratio: above 2.4 the text repeats itself
    final: bool = True


class Sound(Result, frozen=True, kw_only=True):
    """A sound with a name among the labels that were asked for."""

    start: float
    end: float
    label: str
    score: float  # standard deviations above the background


class ScreenText(Result, frozen=True, kw_only=True):
    """One line of writing in the picture, as long as it stays."""

    start: float
    end: float
    text: str
    box: tuple[float, float, float, float]  # left, top, right, bottom as shares of the picture, 0..1
    confidence: float  # 0..1


class Shot(Result, frozen=True, kw_only=True):
    """The film between two transitions."""

    start: float
    end: float
    transition: Literal["start", "cut", "fade"]  # how it began
    keyframe: str | None = None  # `ref` of its Keyframe


class Keyframe(Result, frozen=True, kw_only=True):
    """A picture that is kept beside the results, never inside them."""

    time: float
    ref: str  # file name: keyframes/<milliseconds>.jpg
    width: int
    height: int


class Picture(Message, frozen=True, kw_only=True):
    """The bytes of a Keyframe on their way to the store. Inside only."""

    ref: str
    jpeg: bytes


class Levels(Result, frozen=True, kw_only=True):
    """Simple measures on one grid; the arrays that are there have the same length."""

    start: float
    hop: float  # seconds a value
    loudness: np.ndarray | None = None  # float16 [values], dB below full scale, RMS
    brightness: np.ndarray | None = None  # float16 [values], 0 black .. 1 white
    motion: np.ndarray | None = None  # float16 [values], 0..1: share of the picture that changed


class Features(Message, frozen=True, kw_only=True):
    """Embeddings of one modality, in order of time."""

    modality: Modality
    spans: np.ndarray  # float64 [tokens, 2]: start, end in seconds
    keys: np.ndarray  # float16 [tokens, width]: unit vectors in a space that a text tower shares
    vectors: np.ndarray | None = None  # float16 [tokens, width]: the encoder's own embedding, where it is not the key; text: prosody
    reliability: np.ndarray  # float32 [tokens], 1e-4..1
    texts: tuple[str, ...] = ()  # text and ocr: the phrase or line of each token


class Fine(Message, frozen=True, kw_only=True):
    """What is too fast for Features: row i speaks of the time `start` + i · `hop`. Only where `fusion.fine` is on. Inside only."""

    kind: Grain
    start: float
    hop: float  # seconds
    values: np.ndarray  # float16 [rows, width]


class Watermark(Message, frozen=True, kw_only=True):
    """Nothing of this modality that begins before `time` will follow; inf: it has ended.

    From `read` it speaks of frames (vision) and samples (sound); a stage that reads it answers with its own.
    """

    modality: Modality
    time: float
    status: Status = "present"


# --- what is understood --------------------------------------------------------------------------------------------


class Tokens(Part, frozen=True, kw_only=True):
    """The tokens of one modality that can matter to a window (its reach included), sorted by start."""

    spans: np.ndarray  # float64 [tokens, 2], media seconds
    keys: np.ndarray  # float32 [tokens, width]
    vectors: np.ndarray | None = None  # float32 [tokens, width]
    reliability: np.ndarray  # float32 [tokens]
    texts: tuple[str, ...] = ()


class Window(Message, frozen=True, kw_only=True):
    """Everything that falls into one span of event time. Inside only."""

    id: str
    index: int
    start: float
    end: float  # start + length, also for the last one, which the media may not fill
    tokens: dict[str, Tokens]  # by modality; absent: no tokens
    status: dict[str, Status]  # by modality
    coverage: dict[str, float]  # by modality, 0..1: share of the window that could be observed
    complete: bool
    last: bool = False  # no window follows
    media_end: float | None = None  # in windows that the media do not fill, and in the last one
    utterances: tuple[Utterance, ...] = ()  # those that touch the window
    told: tuple[str, ...] = ()  # ids of the perceived results that were passed on with this window
    fine: dict[Grain, Fine] | msgspec.UnsetType = msgspec.UNSET  # by kind, from start to end; rows of zeros where nothing is known


class Hit(Part, frozen=True, kw_only=True):
    """A phrase that was asked for and found among the words said or written."""

    label: str
    modality: Modality  # text: said; ocr: written
    start: float
    end: float
    probability: float  # of the words or the line, 0..1
    quote: str
    id: str  # of the Utterance or ScreenText


class Estimate(Part, frozen=True, kw_only=True):
    """A value and how sure it is."""

    value: float
    sd: float


class Felt(Part, frozen=True, kw_only=True):
    """The mood of a window as a trained fusion feels it; values in [-1, 1]."""

    valence: float
    sd: float
    unimodal: dict[Modality, Estimate]
    contributions: dict[Modality, float]  # Shapley values; they sum to the valence
    conflict: float  # 0..1: how likely it is that two senses disagree


class Trained(Part, frozen=True, kw_only=True):
    """What a trained fusion said of a window in its reach."""

    labels: np.ndarray  # bool [labels]: those that it spoke for
    together: np.ndarray  # float32 [labels, bins]: evidence that only shows together
    mood: Felt | None = None


class FusedWindow(Message, frozen=True, kw_only=True):
    """A window, and for every label, bin and modality how much speaks for it. Inside only."""

    window: Window
    labels: tuple[str, ...]
    bins: np.ndarray  # float64 [bins]: start of each
    prior: np.ndarray  # float32 [labels]: logit without any evidence
    evidence: np.ndarray  # float32 [labels, bins, modalities], in the order of MODALITIES; with `prior` it sums to the logit
    looked: dict[str, np.ndarray]  # modality -> float32 [labels, bins, tokens]: attention, sums to at most 1 (null key)
    scores: dict[str, np.ndarray]  # modality -> float32 [labels, tokens]: z, deviations above the background
    hits: tuple[Hit, ...] = ()  # already part of `evidence`
    level: int = 0
    trained: Trained | msgspec.UnsetType = msgspec.UNSET  # what it adds; where it spoke, `prior` and `evidence` are its own


class WindowClosed(Result, frozen=True, kw_only=True):
    """One for every window: what it could observe and what it told."""

    start: float
    end: float
    status: dict[str, Status]
    coverage: dict[str, float]
    complete: bool
    results: tuple[str, ...] = ()  # ids
    level: int | msgspec.UnsetType = msgspec.UNSET  # where a trained fusion runs: its level, or 0 where the window is out of its reach


class Evidence(Part, frozen=True, kw_only=True):
    """One thing that a statement rests on."""

    modality: Modality
    start: float
    end: float
    weight: float  # attention, 0..1
    quote: str | None = None  # words said or written
    ref: str | None = None  # keyframe


class SceneDescription(Result, frozen=True, kw_only=True):
    """What happens in a window, in a sentence or two that say only what the evidence shows."""

    start: float
    end: float
    text: str
    language: str
    source: Literal["vlm", "realiser"]
    confidence: float
    evidence: tuple[Evidence, ...] = ()


class Conflict(Part, frozen=True, kw_only=True):
    """Two senses that disagree about the mood."""

    pair: tuple[Modality, Modality]
    distance: float  # in standard deviations
    start: float
    end: float
    wording: str  # for example "words positive, voice negative"


class Sentiment(Result, frozen=True, kw_only=True):
    """The mood of a window on one axis, or why there is none."""

    start: float
    end: float
    valence: float | None  # -1 negative .. 1 positive
    reason: str | None = None
    sd: float | None = None
    scores: dict[str, float] = {}  # negative, neutral, positive: probabilities
    unimodal: dict[str, Estimate] = {}
    contributions: dict[str, float] = {}  # by modality; they sum to the valence
    method: Literal["additive", "shapley"] = "additive"
    conflicts: tuple[Conflict, ...] = ()
    level: int = 0


class ModalityState(Part, frozen=True, kw_only=True):
    """What a modality could contribute."""

    status: Status
    coverage: float


class Event(Result, frozen=True, kw_only=True):
    """Something that was asked for and happened; its phases share an id and count `rev` up."""

    event_id: str  # stream:epoch:label:onset bin, fixed by the first detection
    phase: Phase
    label: str
    start: float
    end: float
    confidence: float  # 0..1; a probability only where `calibration` says fitted
    threshold: float
    contributions: dict[str, float] = {}  # prior, modalities and `together`; they sum to the logit of the strongest bin
    evidence: tuple[Evidence, ...] = ()
    severity: Literal["info", "notice", "warning", "critical"] = "info"
    modalities: dict[str, ModalityState] = {}
    level: int = 0


# --- operations ----------------------------------------------------------------------------------------------------


class StreamStatus(Result, frozen=True, kw_only=True):
    """A stream came, went, or is not what it should be."""

    state: Literal["online", "degraded", "offline", "ended", "forgotten"]
    reason: str | None = None
    media: dict[str, str] = {}  # what was chosen: container, video, audio, duration, ... in words


class Gap(Result, frozen=True, kw_only=True):
    """Media that was lost, and why."""

    start: float
    end: float
    modality: Modality | None = None  # None: all
    cause: str  # damaged, poison, spool, overload, retention, reconnect
    lost: int = 0  # packets


class JobProgress(Result, frozen=True, kw_only=True):
    """How far a file has come."""

    name: str
    state: Literal["running", "done", "failed", "skipped"]
    position: float  # seconds of media
    duration: float | None = None
    reason: str | None = None


class DeadLetter(Result, frozen=True, kw_only=True):
    """A record that could not be handled."""

    topic: str
    partition: int
    offset: int
    key: str | None = None
    chunk: str | None = None
    error: str  # class and redacted message
    tries: int
    versions: dict[str, str] = {}


# --- inside the process --------------------------------------------------------------------------------------------


class Checkpoint(Message, frozen=True, kw_only=True):
    """A line through the stream; each stage's state as of this line is added as it passes. Inside only."""

    position: float  # seconds of media; inf: the line behind the last message of a stream of Chunks
    states: dict[str, bytes] = {}  # stage name -> msgpack of its state
    chunk: int = 0  # of a stream of Chunks: seq from which the one who goes on behind this line must be fed


Perceived = Utterance | Sound | ScreenText | Shot | Keyframe | Levels
Understood = WindowClosed | SceneDescription | Sentiment | Event
Operation = StreamStatus | Gap | JobProgress | DeadLetter
Published = Perceived | Understood | Operation
AnyMessage = (
    Source | Chunk | Frame | Audio | Features | Fine | Picture | Watermark | Window | FusedWindow | Checkpoint
    | Perceived | Understood | Operation
)  # fmt: skip
PUBLISHED: tuple[type[Result], ...] = (
    Utterance, Sound, ScreenText, Shot, Keyframe, Levels, WindowClosed, SceneDescription, Sentiment, Event,
    StreamStatus, Gap, JobProgress, DeadLetter,
)  # fmt: skip
