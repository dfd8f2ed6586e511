"""Rows of marked windows: read, counted, written; a bad one is told in a line."""

import pathlib

import pytest

from streamer.adapting import rows
from streamer.adapting.rows import Row
from streamer.errors import ConfigError


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "films").mkdir()
    for name in ("films/door.mp4", "films/other.mp4"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def put(folder: pathlib.Path, text: str, name: str = "windows.csv") -> pathlib.Path:
    (folder / name).write_text(text, "utf-8")
    return folder / name


def test_csv_is_read_whatever_the_order_of_its_columns(folder):
    path = put(folder, "label,file,start,end,note\n a  bell ,films/door.mp4,1,2.5,x\n,films/door.mp4,2.5,9,\n")
    first, second = rows.read(path)
    assert (first.file, first.start, first.end, first.label, first.number) == (folder / "films/door.mp4", 1.0, 2.5, "a bell", 2)
    assert (second.label, second.number) == ("", 3)


@pytest.mark.parametrize(
    "text", ["\ufefffile;start;end;label\nfilms/door.mp4;1;2;铃\n", '{"file": "films/door.mp4", "start": 1, "end": 2, "label": "铃"}\n\n']
)
def test_spreadsheets_and_json_lines_say_the_same(folder, text):
    [row] = rows.read(put(folder, text))
    assert (row.file.name, row.start, row.end, row.label) == ("door.mp4", 1.0, 2.0, "铃")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("films/door.mp4,4,2,bell", "row 3: start 4 and end 2; expected 0 ≤ start < end"),
        ("films/door.mp4,soon,2,bell", "row 3: start is 'soon'; expected seconds"),
        ("films/door.mp4,1,nan,bell", "row 3: end is 'nan'; expected seconds"),
        ("films/door.mp4,1", "row 3: end is None; expected seconds"),
        ("films/none.mp4,1,2,bell", "none.mp4: no such film; expected a path as seen from beside this file"),
        (",1,2,bell", "row 3: no file"),
    ],
)
def test_a_bad_row_is_told_with_its_number_in_a_line(folder, line, told):
    path = put(folder, f"file,start,end,label\nfilms/door.mp4,0,1,bell\n{line}\n")
    with pytest.raises(ConfigError) as raised:
        rows.read(path)
    assert told in str(raised.value) and "\n" not in str(raised.value)


def test_several_bad_rows_are_counted(folder):
    path = put(folder, "file,start,end,label\nfilms/door.mp4,2,1,\nfilms/door.mp4,2,1,\n")
    with pytest.raises(ConfigError, match=r"row 2: .*\(and 1 more bad rows\)"):
        rows.read(path)


@pytest.mark.parametrize("text", ["", "film,from,to,what\nfilms/door.mp4,1,2,bell\n", "[1, 2]\n", "{1}\n", '{"file": "films/door.mp4"}\n'])
def test_what_is_no_table_of_windows_is_refused(folder, text):
    with pytest.raises(ConfigError, match="expected"):
        rows.read(put(folder, text))


def test_a_stretch_that_was_looked_at_is_a_window_each_8_s():
    one, other = pathlib.Path("a"), pathlib.Path("b")
    assert rows.count([Row(file=one, start=0, end=20), Row(file=one, start=3, end=4, label="bell")]) == 3
    assert rows.count([Row(file=one, start=0, end=8), Row(file=one, start=8, end=16), Row(file=other, start=0, end=8)]) == 3
    assert rows.count([Row(file=one, start=second, end=second + 0.5) for second in range(7)]) == 7


def test_rows_are_written_as_they_are_read(folder):
    written = [
        Row(file=folder / "films/door.mp4", start=1.25, end=2.0, label='a "bell", 铃'),
        Row(file=folder / "films/other.mp4", start=0, end=9),
    ]
    rows.write(folder / "films" / "out.csv", written)
    assert (folder / "films" / "out.csv").read_text().splitlines()[2] == "other.mp4,0.000,9.000,"
    found = rows.read(folder / "films" / "out.csv")
    assert [(row.file.resolve(), row.start, row.end, row.label) for row in found] == [
        (row.file, row.start, row.end, row.label) for row in written
    ]
