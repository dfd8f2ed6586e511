import pathlib

import pytest

from streamer.errors import ConfigError
from streamer.labels import Label, load, parse


def told(*expressions: str) -> list[Label]:
    known = len(load().labels)
    return list(load(None, expressions).labels[known:])


def test_the_default_labels_are_whole() -> None:
    label_set = load()
    assert 40 <= len(label_set.labels) <= 60
    for label in label_set.labels:
        assert label.modalities, label.name
        assert 0 < label.off <= label.threshold < 1
        assert set(label.phrase) == {"en", "zh"}, label.name
        assert any("一" <= letter <= "鿿" for letter in label.phrase["zh"]), label.name


def test_the_default_labels_make_no_claims_about_persons() -> None:
    words = {word for label in load().labels for prompts in label.prompts.values() for prompt in prompts for word in prompt.split()}
    assert not words & {"man", "woman", "person", "face", "child", "boy", "girl"}


def test_what_is_told_declares_its_modalities() -> None:
    dog, rain, tree, trip, banana, way_out, menu = told(
        "a dog barking", "hears: rain on a roof", "sees: a tree", "about: a trip", "says: banana", "shows: EXIT", "written: a menu"
    )
    assert dog.prompts == dict.fromkeys(("vision", "sound", "text"), ("a dog barking",))
    assert (rain.modalities, tree.modalities, trip.modalities) == (("sound",), ("vision",), ("text",))
    assert (banana.says, banana.modalities, banana.prompts) == (("banana",), ("text",), {})
    assert (way_out.shows, way_out.modalities) == (("EXIT",), ("ocr",))
    assert menu.prompts == {"ocr": ("a menu",)}
    assert [label.verb for label in (dog, rain, tree, trip, banana, way_out, menu)] == [
        None, "heard", "seen", "said", "said", "shown", "shown",
    ]  # fmt: skip


def test_a_name_is_the_expression_and_a_colon_within_words_is_no_kind() -> None:
    assert parse("  says:   banana ")[0] == "says: banana"
    assert parse("a clock at 10:30")[1]["sees"] == "a clock at 10:30"


def test_a_label_told_takes_the_place_of_a_default_one() -> None:
    label_set = load(None, ["rain"])
    assert label_set.names.count("rain") == 1
    assert label_set.labels[label_set.names.index("rain")].modalities == ("vision", "sound", "text")


@pytest.mark.parametrize(
    ("expression", "said"),
    [("", "expected words"), ("says: ...", "expected words"), ("heard: rain", "hears: rain"), ("smells: gas", "none of sees, hears")],
)
def test_a_wrong_expression_is_refused_in_one_line(expression: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        load(None, [expression])
    assert "\n" not in str(refused.value)


def test_a_file_adds_replaces_and_leaves_out(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "attention: {gain: {sound: 2.0}, off: 0.3}\n"
        "labels:\n  music: null\n  rain: {hears: heavy rain, off: 0.1}\n  lift: {hears: [lift, elevator], phrase: {zh: 电梯}}\n",
        "utf-8",
    )
    label_set = load(path)
    assert "music" not in label_set.names
    by_name = dict(zip(label_set.names, label_set.labels, strict=True))
    assert by_name["rain"].prompts == {"sound": ("heavy rain",)}
    assert by_name["lift"].prompts == {"sound": ("lift", "elevator")}
    assert by_name["lift"].phrase == {"en": "lift", "zh": "电梯"}
    assert label_set.attention.gain == {**load().attention.gain, "sound": 2.0}
    assert (by_name["rain"].off, by_name["siren"].off) == (0.1, 0.3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("labels: {rain: {hear: rain}}", r"label 'rain': unknown key hear; nearest: hears"),
        ("labels: {rain: {hears: 3}}", r"label 'rain': .*hears"),
        ("labels: {rain: {severity: huge, hears: rain}}", r"label 'rain': .*huge"),
        ("labels: {rain: {threshold: 0.2, off: 0.5, hears: rain}}", r"label 'rain': off 0.5 and threshold 0.2"),
        ("labels: {rain: {valence: 3.0, hears: rain}}", r"label 'rain': valence 3.0"),
        ("labels: {rain: {severity: info}}", r"label 'rain': nothing to look for"),
        ("labels: {rain: {says: '...'}}", r"label 'rain': says: '...' has no words"),
        ("labels: {rain: rain}", r"label 'rain': Expected"),
        ("labels: {7: {hears: rain}}", r"label 7: a name is text"),
        ("labels: [rain]", r"`labels` and `attention` are mappings"),
        ("rain: {hears: rain}", r"expected `labels:`"),
        ("labels: {rain: {", r"expected a YAML file"),
        ("attention: {glow: 3}", r"attention: .*glow"),
        ("attention: {gain: {smell: 3}}", r"attention: .*smell"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_label(tmp_path: pathlib.Path, content: str, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=said) as refused:
        load(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        load("nowhere.yaml")
