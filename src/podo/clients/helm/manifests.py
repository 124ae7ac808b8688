"""From rendered text to manifests: documents read as Kubernetes reads YAML, in the order in which Helm installs them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from podo.clients.helm.errors import TemplateFailed
from podo.clients.helm.types import Manifest

_PARTING = re.compile(r"(?:^|\s*\n)---[ \t]*(?=\n|$)")
_KIND = re.compile(r"^kind:[ \t]*[\"']?(?P<kind>\w+)", re.MULTILINE)
_MOST_NODES = 200_000
# Helm's own order of installation; what is not named comes last, by name.
_ORDER = (
    *("PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy", "PodDisruptionBudget"),
    *("ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim"),
    *("CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding", "ClusterRoleBindingList", "Role"),
    *("RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController", "ReplicaSet"),
    *("Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress", "APIService"),
)
_RANK = {kind: rank for rank, kind in enumerate(_ORDER)}


class _Loader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: no dates, no base 60, no key twice, and no document that unfolds into millions of nodes."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way
        first: [(tag, pattern) for tag, pattern in pairs if tag not in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int"}]
        for first, pairs in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_document(self, node: Any) -> Any:
        if _unfolded(node, {}) > _MOST_NODES:
            raise yaml.constructor.ConstructorError(problem="it unfolds into too much", problem_mark=node.start_mark)
        return super().construct_document(node)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge":
                name = self.construct_object(key, deep=True)
                if not isinstance(name, str) or name in seen:
                    twice, bare = f"the key “{name}” stands twice", f"the key “{key.value}” is no text unless it is quoted"
                    problem = twice if name in seen else bare
                    raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key.start_mark)
                seen.add(name)
        return super().construct_mapping(node, deep=deep)


_Loader.bool_values = {**yaml.CSafeLoader.bool_values, "y": True, "n": False}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"[yYnN]$"), list("yYnN"))
_DIGITS = list("-+0123456789")
_INTEGER = re.compile(r"[-+]?(?:0x[0-9a-fA-F]+|0o?[0-7]+|0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INTEGER, _DIGITS)
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, _DIGITS)


def _integer(loader: _Loader, node: Any) -> int:
    text = str(loader.construct_scalar(node)).lower().replace("o", "")
    digits = text.lstrip("+-")
    if digits.startswith("0x"):
        return int(text, 16)
    return int(text, 8 if digits.startswith("0") else 10)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


def _unfolded(node: Any, known: dict[int, int]) -> int:
    """How many nodes a document has once each alias is written out; one that holds itself has no end."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = _MOST_NODES + 1
    match node:
        case yaml.MappingNode():
            inside = sum(_unfolded(key, known) + _unfolded(value, known) for key, value in node.value)
        case yaml.SequenceNode():
            inside = sum(_unfolded(item, known) for item in node.value)
        case _:
            inside = 0
    known[id(node)] = min(inside + 1, _MOST_NODES + 1)
    return known[id(node)]


def tidy(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts that hold documents, without notes, blank documents and loose ends; sorted by template, then by kind."""
    kept = {}
    for template in sorted(texts):
        documents = sorted((text for _, text in _documents(texts[template])), key=lambda text: _rank(_kind(text)))
        if documents and not template.endswith("NOTES.txt"):
            kept[template] = "\n---\n".join(documents) + "\n"
    return kept


def read(texts: Mapping[str, str]) -> tuple[Manifest, ...]:
    """All manifests of tidy texts, in the order of installation. Raises `TemplateFailed`."""
    found = (manifest for template, text in texts.items() for manifest in _manifests(template, text))
    return tuple(sorted(found, key=lambda found: (*_rank(found.object["kind"]), found.object["metadata"]["name"])))


def _rank(kind: str) -> tuple[int, str]:
    return _RANK.get(kind, len(_RANK)), kind


def _kind(document: str) -> str:
    found = _KIND.search(document)
    return found["kind"] if found else ""


def _documents(text: str) -> Iterator[tuple[int, str]]:
    """Each document that holds more than comments, with the line on which it begins."""
    at = 0
    for part in _PARTING.split(text):
        at = text.index(part, at)
        if any(line.strip() and not line.lstrip().startswith("#") for line in part.splitlines()):
            begin = at + len(part) - len(part.lstrip())
            yield text.count("\n", 0, begin) + 1, part.strip()
        at += len(part)


def _manifests(template: str, text: str) -> Iterator[Manifest]:
    for line, document in _documents(text):
        try:
            loaded = yaml.load(document, _Loader)  # noqa: S506 - a safe loader, made narrower
        except (yaml.YAMLError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            why = getattr(error, "problem", None) or str(error)
            at = line + (mark.line if mark else 0)
            raise TemplateFailed(template=template, line=at, why=f"the rendered text is no YAML: {why}", fields={}) from None
        if not _is_manifest(loaded):
            why = "the rendered text is no manifest: it needs apiVersion, kind and metadata.name"
            raise TemplateFailed(template=template, line=line, why=why, fields={})
        yield Manifest(template, loaded)


def _is_manifest(loaded: Any) -> bool:
    if not isinstance(loaded, dict) or not isinstance(loaded.get("metadata"), dict):
        return False
    named = (loaded.get("apiVersion"), loaded.get("kind"), loaded["metadata"].get("name"))
    return all(isinstance(text, str) and text for text in named)
