"""Two contract types that import-linter does not have: who enters a domain where, and what one kind of file may import."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

Step = tuple[str, str]


def _inside(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


class _Imports(Contract):
    """A contract that is broken by single imports and lists them."""

    def refused(self, graph: ImportGraph) -> Iterable[Step]:
        raise NotImplementedError

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        found = sorted(set(self.refused(graph)))
        lines = [(*step, sorted({d["line_number"] for d in _details(graph, step)})) for step in found]
        return ContractCheck(kept=not found, metadata={"refused": lines})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, lines in check.metadata["refused"]:
            output.print_error(f"- {importer} -> {imported} (l.{', '.join(map(str, lines))})", bold=False)


def _details(graph: ImportGraph, step: Step) -> list[dict[str, int]]:
    return graph.get_import_details(importer=step[0], imported=step[1])  # pyright: ignore[reportReturnType]


class Doors(_Imports):
    """A domain is entered from outside by its doors alone.

    `domains` are packages, `doors` the names of their modules that anybody may import, `keys` are `importer -> module`
    pairs: the importer may also enter by that module (`podo.app -> domain`).
    """

    type_name = "doors"
    domains = fields.ListField(subfield=fields.StringField())
    doors = fields.ListField(subfield=fields.StringField())
    keys = fields.ListField(subfield=fields.StringField(), required=False)

    def refused(self, graph: ImportGraph) -> Iterator[Step]:
        """Imports that come from outside a domain and end behind its doors."""
        for domain in self.domains:  # pyright: ignore[reportGeneralTypeIssues]
            for module in (domain, *graph.find_descendants(domain)):
                for importer in graph.find_modules_that_directly_import(module):
                    if not _inside(importer, domain) and not self._opens(importer, domain, module):
                        yield importer, module

    def _opens(self, importer: str, domain: str, module: str) -> bool:
        door = module.removeprefix(domain).lstrip(".").partition(".")[0]
        if door in self.doors:  # pyright: ignore[reportOperatorIssue]
            return True
        keys = (key.split(" -> ") for key in self.keys or ())  # pyright: ignore[reportGeneralTypeIssues]
        return any(_inside(importer, holder) and door == opened for holder, opened in keys)


class Only(_Imports):
    """One kind of file imports nothing but what is named.

    `kind` is a file's name in each of `domains`; `may_import` are patterns of module names (with `.` in front: in the own
    domain); the standard library is free but for what is `barred`.
    """

    type_name = "only"
    domains = fields.ListField(subfield=fields.StringField())
    kind = fields.StringField()
    may_import = fields.ListField(subfield=fields.StringField())
    barred = fields.ListField(subfield=fields.StringField(), required=False)

    def refused(self, graph: ImportGraph) -> Iterator[Step]:
        """Imports of files of this kind that are not named."""
        for domain in self.domains:  # pyright: ignore[reportGeneralTypeIssues]
            package = f"{domain}.{self.kind}"
            if package not in graph.modules:
                continue
            for importer in (package, *graph.find_descendants(package)):
                for module in graph.find_modules_directly_imported_by(importer):
                    if not _inside(module, package) and not self._allows(domain, module):
                        yield importer, module

    def _allows(self, domain: str, module: str) -> bool:
        root = module.partition(".")[0]
        if root in sys.stdlib_module_names:
            return root not in (self.barred or ())  # pyright: ignore[reportOperatorIssue]
        allowed = (domain + name if name.startswith(".") else name for name in self.may_import)  # pyright: ignore[reportGeneralTypeIssues]
        return any(fnmatchcase(module, name) for name in allowed)
