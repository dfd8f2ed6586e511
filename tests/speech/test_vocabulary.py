import pytest

from streamer.models import places
from streamer.speech.vocabulary import Span, from_json
from tests.media_folder import needs_models

pytestmark = needs_models


@pytest.fixture(scope="module")
def tokens():
    """The tokenizer itself, to write with, and the vocabulary under test."""
    import tokenizers

    path = places.directory("whisper-base") / "tokenizer.json"
    return tokenizers.Tokenizer.from_file(str(path)), from_json(path)


def words(tokens, text: str, language: str = "en") -> list[str]:
    writer, vocabulary = tokens
    return [span.text for span in vocabulary.words(writer.encode(text, add_special_tokens=False).ids, language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Hello, my friend.", [" Hello,", " my", " friend."]),
        (" It's 40 ill-disposed men!", [" It's", " 40", " ill-disposed", " men!"]),
        (' He said "no" twice', [" He", " said", ' "no"', " twice"]),
        (" Grüße aus Köln", [" Grüße", " aus", " Köln"]),
        (" Straße – und weiter…", [" Straße", " –und", " weiter…"]),
    ],
)
def test_words_keep_their_punctuation(tokens, text, expected):
    assert words(tokens, text) == expected


def test_languages_without_spaces_are_read_by_the_character(tokens):
    found = words(tokens, "今天天气很好。我们走吧", "zh")
    assert "".join(found) == "今天天气很好。我们走吧" and len(found) > 5 and "�" not in "".join(found)


def test_punctuation_takes_no_time(tokens):
    writer, vocabulary = tokens
    ids = writer.encode(" Yes. No", add_special_tokens=False).ids
    assert vocabulary.words(ids, "en") == [Span(" Yes.", 0, 1), Span(" No", 2, 3)]


def test_the_prompt_names_language_and_task(tokens):
    writer, vocabulary = tokens
    said = [writer.id_to_token(token) for token in vocabulary.prompt("de", "translate")]
    assert said == ["<|startoftranscript|>", "<|de|>", "<|translate|>", "<|notimestamps|>"]
    assert len(vocabulary.languages) == 99 and vocabulary.multilingual
