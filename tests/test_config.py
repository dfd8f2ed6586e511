"""Options: one page, clear refusals."""

import pytest

from streamer.config import load, options
from streamer.errors import ConfigError


def test_settings_override_a_file_which_overrides_the_defaults(tmp_path):
    path = tmp_path / "streamer.toml"
    path.write_text('[media]\nframes_per_second = 2\n[speech]\nmodel = "a"\n')
    config = load(str(path), ["speech.model=b", "vision.ocr=false"])
    assert (config.media.frames_per_second, config.speech.model, config.vision.ocr) == (2.0, "b", False)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("speech.modle=x", "speech.model"),
        ("speech=x", "section"),
        ("media.frames_per_second=many", "frames_per_second"),
        ("media.decode=quick", "lazy"),
        ("media.frames_per_second=-1", "media.frames_per_second"),
        ("nothing", "NAME=VALUE"),
    ],
)
def test_an_impossible_option_is_one_clear_line(setting, said):
    with pytest.raises(ConfigError, match=said) as error:
        load(settings=[setting])
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_toml_is_named(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("= 1")
    with pytest.raises(ConfigError, match=r"bad\.toml"):
        load(str(path))


def test_every_option_is_listed():
    assert {"profile", "media.decode", "speech.engine", "fusion.window_s"} <= set(options())
