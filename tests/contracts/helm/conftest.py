"""The same suite on both engines, on charts written for the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from podo.clients.helm import HelmBinary, HelmEngine, HelmSdk

Chart = Callable[..., Path]


@pytest_asyncio.fixture(params=["sdk", "binary"], scope="module", loop_scope="module")
async def by(request: pytest.FixtureRequest) -> AsyncIterator[HelmEngine]:
    """One for a file: most of what a test takes is the start of its process."""
    if request.param == "sdk":
        if not HelmSdk.available():
            pytest.skip("the package helm-python-sdk is not installed")
        sdk = HelmSdk(children=1, seconds=20)
        yield sdk
        await sdk.close()
        return
    program = HelmBinary.on_path() or HelmBinary.built()
    if program is None:
        pytest.skip("there is no helm program: `make parts ARGS=helm` builds one")
    yield HelmBinary(program, seconds=30)


@pytest.fixture
def chart(tmp_path: Path) -> Chart:
    def written(templates: Mapping[str, str], *, values: str = "{}", schema: str = "", name: str = "demo") -> Path:
        folder = tmp_path / name
        (folder / "templates").mkdir(parents=True)
        (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n")
        (folder / "values.yaml").write_text(values)
        if schema:
            (folder / "values.schema.json").write_text(schema)
        for template, text in templates.items():
            (folder / "templates" / template).write_text(text)
        return folder

    return written
