"""How a scene feels: by what is said, how it is said, and a face."""

from streamer.synth.colours import clothes
from streamer.synth.crossing import Portrait
from streamer.synth.draft import Draft, length
from streamer.synth.scene import LENGTH_S
from streamer.synth.speech.sentences import Kind
from streamer.synth.speech.utterances import Utterance
from streamer.synth.truth import Mood, Prosody

MOODY = 0.5  # share of scenes that are meant to feel some way
CONFLICT = 0.3  # of these: two senses disagree
CLEAR = 0.25  # a valence nearer to 0 than that is no opinion
VOICES: dict[Prosody, float] = {"bright": 0.6, "neutral": 0.0, "dull": -0.6}  # valence
WEIGHTS = {"text": 1.0, "sound": 0.8, "vision": 0.6}
IRONY = 0.3  # weight of the words where the voice says the contrary
Values = dict[str, float]


def feel(draft: Draft) -> None:
    """Adds a valenced sentence, a face, or both."""
    if not draft.chance(MOODY):
        if draft.chance(0.08):
            _portray(draft, 0.0, None)
        return
    glad, conflict = draft.chance(0.5), draft.chance(CONFLICT)
    kind: Kind = "glad" if glad else "sad"
    ways: tuple[Prosody, Prosody] = ("bright", "dull") if glad else ("dull", "bright")
    by_face, sign = draft.chance(0.3), 1 if glad else -1
    sentence = draft.sentence(kind, prosody=ways[1] if conflict and not by_face else "neutral" if draft.chance(0.25) else ways[0])
    start = draft.pause(length(sentence)) if conflict or draft.chance(0.85) else None
    if start is not None:
        draft.say(sentence, start)
    if start is None or by_face or draft.chance(0.15):
        _portray(draft, sign * draft.uniform(0.55, 1) * (-1 if conflict and by_face and start is not None else 1), start)


def _portray(draft: Draft, valence: float, speaks: float | None) -> None:
    radius = draft.uniform(0.2, 0.27)
    x, y = draft.place(2.2 * radius), draft.uniform(0.3, 0.5)
    start, end = (0.0, LENGTH_S) if draft.chance(0.7) else (draft.uniform(0, 2), draft.uniform(6, LENGTH_S))
    spoken = draft.spoken[-1] if speaks is not None else None
    words = tuple((spoken.start + word.start, spoken.start + word.end) for word in spoken.utterance.words) if spoken else ()
    draft.acts.append(Portrait(x, y, radius, clothes(draft.rng), round(valence, 3), start, end, words))
    draft.face = round(valence, 3)


def mood(draft: Draft) -> Mood:
    """What the scene amounts to; of several sentences the one that feels most counts."""
    values: Values = {}
    if draft.spoken:
        strongest: Utterance = max((spoken.utterance for spoken in draft.spoken), key=lambda one: abs(one.valence))
        values = {"text": round(strongest.valence, 3), "sound": VOICES[strongest.prosody]}
    if draft.face is not None:
        values["vision"] = draft.face
    clear = [value for value in values.values() if abs(value) > CLEAR]
    conflict = bool(clear) and min(clear) < 0 < max(clear)
    return Mood(0.0, LENGTH_S, values.get("text"), values.get("sound"), values.get("vision"), _overall(values), conflict)


def _overall(values: Values) -> float | None:
    if not values:
        return None
    text, voice = values.get("text", 0.0), values.get("sound", 0.0)
    ironic = text * voice < 0 and min(abs(text), abs(voice)) > CLEAR
    weights = WEIGHTS | ({"text": IRONY} if ironic else {})
    total = sum(weights[sense] * value for sense, value in values.items())
    return round(total / sum(weights[sense] for sense in values), 3)
