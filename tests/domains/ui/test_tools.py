"""The tools behind the pages: the bundle of assets, and the catalogue's check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from tools import assets, messages

FILES = {
    f"{assets.PRIMITIVES}/primitives.css": "/** rule */\n@import './base/size.css';\n",
    f"{assets.PRIMITIVES}/base/size.css": ":root {\n  --a: 1px; /** said */\n}\n",
    f"{assets.PRIMITIVES}/functional/themes/light.css": ".light {\n  color: red;\n}\n",
    f"{assets.PRIMITIVES}/functional/themes/dark.css": ".dark {}\n",
    "@primer/css/dist/core.css": ".core{}\n/*# sourceMappingURL=core.css.map */",
    "@primer/css/dist/product.css": ".product{}\n",
    "@primer/view-components/app/assets/styles/primer_view_components.css": ".view{}\n",
    "htmx.org/dist/htmx.min.js": "htmx()\n//# sourceMappingURL=htmx.min.js.map",
    "htmx.org/dist/ext/hx-sse.min.js": "sse()",
    assets.ICONS: json.dumps(
        {"rocket": {"keywords": ["x"], "heights": {"16": {"path": "<path/>", "ast": {}}, "96": {"path": "-"}}}}
    ),
}


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    made = tmp_path / "node_modules"
    licences = {f"{name}/LICENSE": "MIT" for name in assets.LICENSED}
    versions = {f"{name}/package.json": '{"version": "1"}' for name in assets.LICENSED}
    for name, text in {**FILES, **licences, **versions}.items():
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return made


def test_the_bundle_has_all_in_order_and_a_name_that_changes_with_it(modules: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assets.bundle(modules, out, "first")
    first = json.loads((out / "manifest.json").read_text())
    css, js = ((out / first[name]).read_text() for name in ("site.css", "site.js"))
    assert css.startswith(":root { --a: 1px; }\n.light { color: red; }\n.dark {}\n.core{}\n.product{}\n.view{}\n")
    assert ".AppHead" in css
    assert ".w-63{width:63%}" in css
    assert "sourceMappingURL" not in css + js
    assert js.startswith("htmx()\n;sse()\n;")
    assert json.loads((out / "octicons.json").read_text()) == {"rocket-16": "<path/>"}
    assert "htmx.org 1\n\nMIT" in (out / "licenses.txt").read_text()

    (modules / "htmx.org/dist/htmx.min.js").write_text("newer()")
    assets.bundle(modules, out, "second")
    second = json.loads((out / "manifest.json").read_text())
    assert (second["site.css"], second["made of"]) == (first["site.css"], "second")
    assert second["site.js"] != first["site.js"]
    assert sorted(p.name for p in out.glob("site-*")) == sorted([second["site.css"], second["site.js"]])


def test_the_lock_of_npm_has_hashes_and_no_address() -> None:
    lock = json.loads((assets.ROOT / "package-lock.json").read_text())
    packages = {name: it for name, it in lock["packages"].items() if name}
    assert all(it["integrity"].startswith("sha512-") for it in packages.values())
    assert not [name for name, it in packages.items() if "resolved" in it]
    assert "omit-lockfile-registry-resolved=true" in (assets.ROOT / ".npmrc").read_text()


def _catalogue(**texts: str) -> Catalog:
    made = Catalog(locale="ko")
    for text, translated in texts.items():
        made.add(text, translated)
    return made


def test_texts_are_found_in_templates_and_in_python(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/a.html").write_text("{{ _('One %(n)s', n=1) }}{% trans %}\n  Two\n  words\n{% endtrans %}")
    (tmp_path / "a.py").write_text('so = N_("Three")\n')
    found = messages.extracted(tmp_path)
    assert {str(m.id) for m in found if m.id} == {"One %(n)s", "Two words", "Three"}


def test_the_check_tells_what_is_empty_stale_and_broken() -> None:
    found = _catalogue(**dict.fromkeys(["healthy", "new", "%(n)s pods of {x}", "{who} went", "%s ago"], ""))
    broken = {"%(n)s pods of {x}": "파드 %(m)s", "{who} went": "{누구} 감", "%s ago": "전"}
    known = _catalogue(**{"healthy": "정상", "old": "옛것", **broken})
    assert sorted(messages.problems(found, known)) == [
        "fields differ in '%(n)s pods of {x}': ['%(m)s', '%(n)s', '{x}']",
        "fields differ in '%s ago': ['%s']",
        "fields differ in '{who} went': ['{who}', '{누구}']",
        "no longer used: 'old'",
        "not translated: 'new'",
    ]
    assert list(messages.problems(_catalogue(healthy=""), _catalogue(healthy="정상"))) == []


def test_new_texts_are_added_and_old_ones_dropped_and_known_ones_kept() -> None:
    merged = messages.merged(
        "ko", _catalogue(healthy="", new="", gone=""), _catalogue(healthy="정상", old="옛것"), {"new": "새것"}
    )
    assert {m.id: m.string for m in merged if m.id} == {"healthy": "정상", "new": "새것", "gone": ""}


def test_plurals_are_one_text_in_korean() -> None:
    found = Catalog()
    found.add(("%(num)d pod", "%(num)d pods"))
    merged = messages.merged("ko", found, Catalog(locale="ko"), {"%(num)d pod": "파드 %(num)d개"})
    assert [m.string for m in merged if m.id] == [("파드 %(num)d개",)]
    assert list(messages.problems(found, merged)) == []
