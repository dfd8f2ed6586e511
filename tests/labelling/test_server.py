"""What the page of `streamer label` is served by: one machine, one page, ranges of films, rows that are whole on disk."""

import http.client
import json
import pathlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import uvicorn

from streamer.adapting import rows
from streamer.errors import ConfigError
from streamer.labelling import server
from streamer.labelling.sheet import Film, Sheet

Ask = Callable[..., tuple[http.client.HTTPResponse, bytes]]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def film(tmp_path: pathlib.Path) -> Film:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(range(200)))
    return Film(path=path, plays=path, length_s=20.0, sound=False)


@pytest.fixture
def sheet(tmp_path: pathlib.Path, film: Film) -> Sheet:
    return Sheet(tmp_path / "windows.csv", [film], ["dog"])


@pytest.fixture
def ask(sheet: Sheet) -> Iterator[Ask]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        running = uvicorn.Server(uvicorn.Config(server.app(sheet), log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=running.run, args=([listening],))
        thread.start()

        def request(path: str, body: object = None, ours: bool = True, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            if body is None:
                connection.request("GET", path, headers=given)
            else:
                origin = {"Origin": f"http://127.0.0.1:{port}"} if ours else {}
                connection.request("POST", path, json.dumps(body), origin | JSON | given)
            answer = connection.getresponse()
            return answer, answer.read()

        yield request
        running.should_exit = True
        thread.join()


def test_another_host_gets_nothing(ask):
    for path in ("/", "/state", "/films/0"):
        assert ask(path, Host="streamer.example")[0].status == 400
    assert ask("/")[0].status == 200


def test_a_page_of_another_site_changes_nothing(ask, sheet):
    row = {"film": 0, "start": 1, "end": 2}
    assert ask("/rows", row, Origin="http://streamer.example")[0].status == 403
    assert ask("/rows", row, Content_Type="text/plain")[0].status == 403
    assert ask("/rows", row, ours=False)[0].status == 403
    assert not sheet.rows and not sheet.out.exists()


def test_the_page_loads_nothing_from_elsewhere(ask):
    answer, page = ask("/")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert b"http://" not in page and b"https://" not in page


def test_a_player_gets_the_part_that_it_asks_for(ask):
    answer, body = ask("/films/0", Range="bytes=10-19")
    assert (answer.status, body) == (206, bytes(range(10, 20)))
    assert answer.headers["content-range"] == "bytes 10-19/200" and answer.headers["content-type"] == "video/mp4"
    assert len(ask("/films/0")[1]) == 200
    assert ask("/films/1")[0].status == 404


def test_a_row_is_in_the_file_before_it_is_on_the_page(ask, sheet):
    answer, body = ask("/rows", {"film": 0, "start": 1.5, "end": 4, "label": " a  dog "})
    assert answer.status == 200
    [row] = json.loads(body)["rows"]
    assert (row["film"], row["start"], row["end"], row["label"]) == (0, 1.5, 4, "a dog")
    assert sheet.out.read_text() == "file,start,end,label\nfilm.mp4,1.500,4.000,a dog\n"
    assert json.loads(ask("/state")[1])["labels"] == ["dog", "a dog"]
    assert json.loads(ask(f"/rows/{row['number']}/gone", {})[1])["rows"] == []
    assert len(json.loads(ask("/undo", {})[1])["rows"]) == 1
    assert sheet.out.read_text().count("\n") == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/rows", {"film": 0, "start": 4, "end": 4}),
        ("/rows", {"film": 1, "start": 0, "end": 4}),
        ("/rows", {"film": 0, "start": "x", "end": 4}),
        ("/rows", {"film": 0, "start": 0, "end": 4, "label": "x" * 201}),
        ("/rows", {"film": 0, "start": 0, "end": 4, "more": 1}),
        ("/rows/7/gone", {}),
        ("/undo", {}),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(ask, sheet, path, body):
    answer, said = ask(path, body)
    assert answer.status == 400 and said.count(b"\n") == 1
    assert not sheet.rows and not sheet.out.exists()


def test_rows_of_an_earlier_sitting_stay(sheet, film):
    sheet.mark(0, 1.0, 2.0, "bell")
    again = Sheet(sheet.out, [film], [])
    again.mark(0, 3.0, 4.0, "")
    assert [(row.start, row.label) for row in rows.read(sheet.out)] == [(1.0, "bell"), (3.0, "")]
    again.undo()
    with pytest.raises(ValueError, match="nothing to undo"):
        again.undo()
    assert len(rows.read(sheet.out)) == 1


def test_a_folder_that_cannot_be_written_loses_nothing(sheet):
    sheet.out = sheet.out.parent / "film.mp4" / "windows.csv"
    with pytest.raises(Exception, match="cannot be written"):
        sheet.mark(0, 1.0, 2.0, "bell")
    assert not sheet.rows


def test_a_port_that_is_taken_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--port {port}: .* expected one that is free"):
            server.serve([], tmp_path / "windows.csv", port, [])
