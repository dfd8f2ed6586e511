"""The published descriptions, made from the message classes: `python -m schemas.document` writes them.

json/<Type>.json   JSON Schema of each published message
asyncapi.yaml      the topics, in AsyncAPI 3
"""

import pathlib
from typing import Any

import msgspec
import numpy as np

from schemas.cloudevents import CONTENT_TYPES, HEADERS, data_schema
from schemas.messages import PUBLISHED, Message, Result
from schemas.topics import KEPT_MS, TOPICS, VERSION, Topic, full_name

FOLDER = pathlib.Path(__file__).parent / "json"
ASYNCAPI = pathlib.Path(__file__).parent / "asyncapi.yaml"
BINDING = "0.5.0"  # of Kafka in AsyncAPI
FORMAT = "application/schema+json;version=2020-12"


def _array_schema(kind: type) -> dict[str, Any]:
    if kind is np.ndarray:
        return {"type": "array", "items": {"type": ["number", "null", "array"]}}
    raise NotImplementedError(f"{kind.__name__} has no JSON Schema")


def json_schema(kind: type[Result]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one published message."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": data_schema(kind),
        "title": kind.__name__,
        **msgspec.json.schema(kind, schema_hook=_array_schema),
    }


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document of all topics that others may read."""
    public = [topic for topic in TOPICS.values() if topic.public]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "streamer",
            "version": VERSION,
            "description": "What was said, heard, seen and written in video streams, joined over time. Every record is a CloudEvent 1.0 "
            "in binary mode: attributes in the headers, the message in the value. De-duplicate by ce_subject and the highest ce_rev.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPES["json"],
        "servers": {
            "kafka": {
                "host": "{host}:{port}",
                "protocol": "kafka",
                "description": "A Kafka cluster; with TLS or a password where its operator says so.",
                "variables": {"host": {"default": "localhost"}, "port": {"default": "9092"}},
            }
        },
        "channels": {topic.name: _channel(topic) for topic in public},
        "operations": {f"publish_{topic.name}": _operation(topic) for topic in public},
        "components": {
            "messages": {kind.__name__: _message(kind) for kind in PUBLISHED},
            "messageTraits": {"cloudEvent": _trait()},
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    configuration = {"cleanup.policy": ["delete"], "retention.ms": KEPT_MS[topic.kept]}
    return {
        "address": full_name("{prefix}", topic.name),
        "description": topic.says,
        "parameters": {"prefix": {"default": "streamer", "description": "Which installation; bus.prefix of its options."}},
        "messages": {kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"} for kind in topic.types},
        "bindings": {"kafka": {"topicConfiguration": configuration, "bindingVersion": BINDING}},
    }


def _operation(topic: Topic) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": topic.says,
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{kind.__name__}"} for kind in topic.types],
    }


def _message(kind: type[Message]) -> dict[str, Any]:
    return {
        "name": kind.__name__,
        "summary": (kind.__doc__ or "").partition("\n")[0],
        "contentType": CONTENT_TYPES["json"],
        "payload": {"schemaFormat": FORMAT, "schema": {"$ref": f"./json/{kind.__name__}.json"}},
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
    }


def _trait() -> dict[str, Any]:
    """What all messages share: their headers and their key."""
    properties = {name: {"type": "string", "description": says} for name, says in HEADERS.items()}
    return {
        "headers": {"type": "object", "properties": properties, "required": [name for name in HEADERS if name != "ce_time"]},
        "bindings": {"kafka": {"key": {"type": "string", "description": "The id of the stream."}, "bindingVersion": BINDING}},
    }


def files() -> dict[pathlib.Path, bytes]:
    """Every generated file and what should be in it."""
    found = {
        FOLDER / f"{kind.__name__}.json": msgspec.json.format(msgspec.json.encode(json_schema(kind)), indent=2) + b"\n"
        for kind in PUBLISHED
    }
    return found | {ASYNCAPI: msgspec.yaml.encode(asyncapi())}


if __name__ == "__main__":
    for path, content in files().items():
        path.write_bytes(content)
