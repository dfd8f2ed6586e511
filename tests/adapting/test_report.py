"""The report for people and for programs."""

import json

import pytest

from streamer.adapting.judging import Judged
from streamer.adapting.report import Report, Row, Trial, data, page
from streamer.training.thresholds import Threshold

NAN = float("nan")


def report(chosen: str) -> Report:
    below = Judged(bins=(0.5, NAN), events=(0.25, NAN), entropy=0.2, error=0.1)
    above = Judged(bins=(0.75, NAN), events=(0.5, NAN), entropy=0.1, error=0.01)
    on = Threshold(on=0.4, off=0.2, precision=0.8, recall=0.5, reached=True)
    never = Threshold(on=0.6, off=0.3, precision=None, recall=0.0, reached=False)
    return Report(
        windows=40,
        recordings=5,
        held_out=tuple(f"{number}.mp4" for number in range(10)),
        wished=0.8,
        chosen=chosen,
        labels=(
            Row(name="a|b", windows=12, threshold=on, precision=0.7, recall=0.6),
            Row(name="bell", windows=3, threshold=never, precision=None, recall=None),
        ),
        trials=(
            Trial(level="0", judged=below, kept=True, why="what everything is measured against"),
            Trial(level="1", judged=above, kept=chosen == "1", why="kept, against level 0: mAP +0.250"),
            Trial(level="2", why="not tried: 40 windows"),
        ),
        before=0.1,
        after=0.01,
        loads="fusion.model=out",
    )


def test_it_says_what_was_kept_and_why():
    told = page(report("1"))
    assert "**Level 1 was kept**: weights of the senses and a prior for each label. Kept, against level 0: mAP +0.250." in told
    assert "0.mp4, 1.mp4, 2.mp4, 3.mp4, 4.mp4, 5.mp4, 6.mp4, 7.mp4 and 2 more" in told
    assert "| **1** | weights of the senses and a prior for each label | 0.750 | 0.500 | 0.100 | 0.010 |" in told
    assert "| a\\|b | 12 | 0.500 | 0.750 | 0.40 | 0.800, 0.500 | 0.700, 0.600 |" in told
    assert "| bell | 3 | – | – | ≈ 0.60 | –, 0.000 | –, – |" in told
    assert "| 2 | a trained net for each sense | – | – | – | – | not tried: 40 windows |" in told


def test_where_no_fit_was_better_it_says_so():
    assert "**Level 0 was kept**: as it comes, nothing fitted. No fit was better." in page(report("0"))


@pytest.mark.parametrize("chosen", ["0", "1"])
def test_programs_read_the_same_with_null_for_what_is_not_known(chosen):
    said = json.loads(data(report(chosen)))
    assert said["chosen"] == chosen
    assert said["trials"][0]["judged"]["bins"] == [0.5, None]
    assert said["trials"][2]["judged"] is None
