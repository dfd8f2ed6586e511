"""`streamer label`: a page for a browser on this machine, and the rows that are marked on it, in a CSV file.

GET  /             the page
GET  /state        films, rows and labels as JSON; all answers to changes are the same
GET  /films/3      a film, or the part of it that the player asks for
POST /rows         {"film": 3, "start": 1.5, "end": 4.0, "label": "dog"}: one more row
POST /undo         takes the last change back
POST /rows/7/gone  takes row 7 away
"""

import pathlib
import re
import socket
import tempfile
from collections.abc import Sequence

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from streamer.errors import ConfigError, StreamerError
from streamer.labelling.sheet import Film, Sheet
from streamer.media import sources
from streamer.media.probe import probe
from streamer.progress import complain
from streamer.report.film import TYPES
from streamer.report.page import policy
from streamer.report.proxy import make_proxy

LOOPBACK = ("127.0.0.1", "localhost")
PAGE = pathlib.Path(__file__).with_name("page.html")
HEAD = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Marked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page sends."""

    film: int
    start: float
    end: float
    label: str = ""


def serve(given: Sequence[str], out: pathlib.Path, port: int, labels: Sequence[str]) -> None:
    """Runs until it is stopped. Errors: StreamerError."""
    import uvicorn

    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise ConfigError(f"--port {port}: {error.strerror}; expected one that is free, or 0") from error
    with tempfile.TemporaryDirectory(prefix="streamer-label-") as folder, listening:
        made = app(Sheet(out, films(sources.find(given), pathlib.Path(folder)), labels))
        complain(f"mark windows on http://127.0.0.1:{listening.getsockname()[1]}/ – they go into {out}; Ctrl-C ends")
        uvicorn.Server(uvicorn.Config(made, log_level="warning", timeout_graceful_shutdown=1)).run(sockets=[listening])


def films(paths: Sequence[pathlib.Path], folder: pathlib.Path) -> list[Film]:
    """Films as browsers can play them; small copies of others go into a folder. Errors: SourceError, MediaError."""
    found = []
    for number, path in enumerate(paths):
        known = probe(path)
        plays = path
        if not known.plays:
            complain(f"{path.name}: browsers cannot play it, so a small copy is made")
            tracks = [track.index for track in (known.video, known.audio) if track]
            (folder / str(number)).mkdir()
            plays = make_proxy(path, folder / str(number), tracks)
        found.append(Film(path=path, plays=plays, length_s=known.duration_s, sound=known.video is None))
    return found


def app(sheet: Sheet) -> Starlette:
    """The web application of one sheet."""
    template = PAGE.read_text("utf-8")
    script, style = (re.findall(f"<{name}>(.*?)</{name}>", template, re.DOTALL)[0] for name in ("script", "style"))
    head = HEAD | {"Content-Security-Policy": f"{policy(script, style)}; connect-src 'self'; frame-ancestors 'none'"}

    async def page(request: Request) -> Response:
        return HTMLResponse(template, headers=head)

    async def state(request: Request) -> Response:
        return JSONResponse(sheet.told(), headers=HEAD)

    async def film(request: Request) -> Response:
        number = request.path_params["number"]
        if number >= len(sheet.films):
            return PlainTextResponse("no such film\n", 404)
        path = sheet.films[number].plays
        return FileResponse(path, media_type=TYPES.get(path.suffix.lower()), headers=HEAD)

    async def change(request: Request) -> Response:
        if not _ours(request):
            return PlainTextResponse("only the page itself may change rows\n", 403)
        try:
            match request.url.path, request.path_params:
                case "/undo", _:
                    sheet.undo()
                case _, {"number": number}:
                    sheet.remove(number)
                case _:
                    row = msgspec.json.decode(await request.body(), type=Marked)
                    sheet.mark(row.film, row.start, row.end, row.label)
        except (ValueError, StreamerError) as error:
            return PlainTextResponse(f"{error}\n", 400 if isinstance(error, ValueError) else 507)
        return JSONResponse(sheet.told(), headers=HEAD)

    changes = [Route(path, change, methods=["POST"]) for path in ("/rows", "/rows/{number:int}/gone", "/undo")]
    return Starlette(
        routes=[Route("/", page), Route("/state", state), Route("/films/{number:int}", film), *changes],
        # a page of another site that names us by a name of its own gets nothing
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))],
    )


def _ours(request: Request) -> bool:
    """Whether our own page asks: another site may send a form to us, but not JSON, and not under our origin."""
    origin = request.headers.get("origin", "")
    return origin == f"http://{request.headers.get('host')}" and request.headers.get("content-type", "") == "application/json"
