"""Take from Google's discovery documents what our twin checks: `python -m tests.contracts.gcp.distil <folder of documents>`.

The documents come with the package google-api-python-client (googleapiclient/discovery_cache/documents), which Podo does not
need. What is kept are facts: paths, parameters and names of fields, each with its document's revision.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

FACTS = Path(__file__).parent / "facts.json"
# What is used of each document.
USED = {
    "compute.v1": r"compute\.(instances|(regionD|d)isks|snapshots|images|(globalA|a)ddresses|(globalF|f)orwardingRules)"
    r"\.(get|setLabels)",
    "storage.v1": r"storage\.buckets\.(get|patch)",
    "sqladmin.v1": r"sql\.instances\.(get|patch)",
    "redis.v1": r"redis\.projects\.locations\.instances\.(get|patch)",
    "pubsub.v1": r"pubsub\.projects\.(topics|subscriptions)\.(get|patch)",
    "bigquery.v2": r"bigquery\.datasets\.(get|patch)",
    "container.v1": r"container\.projects\.locations\.clusters\.(get|setResourceLabels)",
    "cloudasset.v1": r"cloudasset\.searchAllResources",
}
# Fields whose own fields matter, and how deep; and the fields that a client of labels sends or reads.
_DEEP = 3
_INTO = {"settings", "topic", "subscription", "results"}
_KEPT = {"labels", "labelFingerprint", "resourceLabels", "etag", "metageneration", "userLabels", "settingsVersion", "updateMask"}
_KEPT |= {"name", "assetType", "displayName", "location", "createTime", "nextPageToken", *_INTO}


def main() -> None:
    """Write facts.json anew."""
    folder = Path(sys.argv[1])
    facts = {name: _document(json.loads((folder / f"{name}.json").read_text()), wanted) for name, wanted in USED.items()}
    FACTS.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


def _document(document: dict[str, Any], wanted: str) -> dict[str, Any]:
    methods = {m["id"]: m for m in _methods(document) if re.fullmatch(wanted, m["id"])}
    host = document["rootUrl"].removeprefix("https://").rstrip("/")
    return {
        "revision": document["revision"],
        "host": host,
        "methods": {id_: _method(document, m) for id_, m in methods.items()},
    }


def _methods(node: dict[str, Any]) -> list[dict[str, Any]]:
    found = list(node.get("methods", {}).values())
    for inner in node.get("resources", {}).values():
        found += _methods(inner)
    return found


def _method(document: dict[str, Any], method: dict[str, Any]) -> dict[str, Any]:
    path = document["servicePath"] + (method.get("flatPath") or method["path"])
    query = sorted(name for name, p in method.get("parameters", {}).items() if p["location"] == "query")
    return {
        "verb": method["httpMethod"],
        "path": path,
        "query": query,
        "request": _fields(document, method.get("request"), _DEEP),
        "answer": _fields(document, method.get("response"), _DEEP),
    }


def _fields(document: dict[str, Any], schema: dict[str, Any] | None, depth: int) -> dict[str, Any]:
    if not schema or depth == 0:
        return {}
    whole: dict[str, Any] = document["schemas"][schema["$ref"]] if "$ref" in schema else schema
    properties = whole.get("items", whole).get("properties") or _of_items(document, whole)
    return {
        name: _fields(document, inner, depth - 1) if name in _INTO else {} for name, inner in properties.items() if name in _KEPT
    }


def _of_items(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    ref = schema.get("items", {}).get("$ref")
    return document["schemas"][ref]["properties"] if ref else {}


if __name__ == "__main__":
    main()
