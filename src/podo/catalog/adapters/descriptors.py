"""Reading and writing YAML with several documents; nothing in it can make objects, and aliases cannot multiply it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from podo.catalog.types import Unreadable
from podo.kernel.errors import N_

_LONGEST = 1_500_000
_MOST_EVENTS = 500_000
_DEEPEST = 50


class _Loader(yaml.CSafeLoader):
    """YAML's safe loader, to which dates are texts."""


_Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for sign, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class YamlDescriptors:
    """`DescriptorReader`."""

    def documents(self, text: str) -> Sequence[tuple[int, Any]]:
        """See `DescriptorReader.documents`."""
        if len(text) > _LONGEST:
            raise Unreadable(why=N_("it is too long; divide it"))
        loader = _Loader(text)
        found: list[tuple[int, Any]] = []
        try:
            _check(text)
            while loader.check_node():
                node = loader.get_node()
                if node is not None:
                    found.append((node.start_mark.line + 1, loader.construct_document(node)))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise UnreadableYaml(line=mark.line + 1 if mark else 1, why=(error.problem or error.context or "")[:200]) from None
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise UnreadableYaml(line=1, why=str(error).splitlines()[0][:200]) from None
        finally:
            loader.dispose()
        return [(line, document) for line, document in found if document is not None]

    def text(self, documents: Sequence[Any]) -> str:
        """See `DescriptorReader.text`."""
        return yaml.dump_all(documents, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=120)


def _check(text: str) -> None:
    """What would multiply, or nest so deep that C's loader ends the process, is seen in the events before it is loaded."""
    deep = 0
    for seen, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable(why=N_("it has aliases (*name); write out what they stand for"))
        deep += isinstance(event, yaml.CollectionStartEvent)
        deep -= isinstance(event, yaml.CollectionEndEvent)
        if deep > _DEEPEST or seen > _MOST_EVENTS:
            raise Unreadable(why=N_("it is nested too deep, or has too many parts"))


class UnreadableYaml(Unreadable):
    """A line at which a text is no YAML."""

    code = "catalog.unreadable_yaml"
    so = N_("Line {line} is no YAML: {why}.")
