"""Writes the generated pages, `docs/options.md` and `docs/messages.md`, from the classes: `python docs/generate.py`."""

import ast
import inspect
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import msgspec

from schemas import messages
from streamer import config

FOLDER = pathlib.Path(__file__).parent
PARTS = (messages.Word, messages.Evidence, messages.Conflict, messages.Estimate, messages.ModalityState)


def fields(kind: type) -> list[tuple[str, str, str]]:
    """Name, annotation and comment of each field, from the source of its class: said once, there."""
    source = inspect.getsource(kind)
    lines = source.splitlines()
    body = [node for node in ast.parse(source).body[0].body if isinstance(node, ast.AnnAssign)]  # type: ignore[attr-defined]
    found = []
    for node, after in zip(body, [*(n.lineno for n in body[1:]), len(lines) + 1], strict=True):
        comments = [line.partition("#")[2].strip() for line in lines[node.lineno - 1 : after - 1] if "#" in line]
        found.append((ast.unparse(node.target), ast.unparse(node.annotation), " ".join(comments)))
    return found


def options_page() -> str:
    """Every option of `streamer/config.py`."""
    rows = ["# Options", "", "Generated from `streamer/config.py`. Set them in a TOML file (`--config FILE`) or by `--set NAME=VALUE`.", ""]
    for section in msgspec.structs.fields(config.Config):
        if isinstance(section.default, config.Section):
            kind = type(section.default)
            rows += [f"## {section.name}", "", str(kind.__doc__), "", "| option | default | |", "| --- | --- | --- |"]
            defaults = {field.name: field.default for field in msgspec.structs.fields(kind)}
            rows += [f"| `{section.name}.{name}` | `{_cell(defaults[name])}` | {_cell(text)} |" for name, _, text in fields(kind)]
            rows.append("")
    plain = [(n, t) for n, _, t in fields(config.Config) if not isinstance(getattr(config.Config(), n), config.Section)]
    rows += ["## Others", "", "| option | default | |", "| --- | --- | --- |"]
    rows += [f"| `{name}` | `{_cell(getattr(config.Config(), name))}` | {_cell(text)} |" for name, text in plain]
    return "\n".join(rows) + "\n"


def messages_page() -> str:
    """Every published message."""
    rows = ["# Messages", "", "Generated from `schemas/messages.py`; the JSON Schemas are in `schemas/json/`.", ""]
    for kind in (messages.Message, messages.Result, *messages.PUBLISHED, *PARTS):
        base = "" if kind not in messages.PUBLISHED else " Besides the fields of Message and Result:"
        rows += [f"## {kind.__name__}", "", f"{kind.__doc__}{base}", "", "| field | type | |", "| --- | --- | --- |"]
        rows += [f"| `{name}` | `{_cell(annotation)}` | {_cell(text)} |" for name, annotation, text in fields(kind)]
        rows.append("")
    return "\n".join(rows)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|")


def pages() -> dict[pathlib.Path, str]:
    """Each generated page and what should be in it."""
    return {FOLDER / "options.md": options_page(), FOLDER / "messages.md": messages_page()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
