"""Helm: charts rendered by Helm's own engine, and where Podo's charts are."""

from podo.clients.helm.binary import HelmBinary
from podo.clients.helm.charts import chart_digest, chart_folder
from podo.clients.helm.errors import ChartInvalid, ChartMissing, HelmUnavailable, RenderTooHeavy, TemplateFailed, ValuesInvalid
from podo.clients.helm.renderer import HelmRenderer, engine
from podo.clients.helm.sdk import HelmSdk
from podo.clients.helm.types import Helm, HelmEngine, Manifest, Rendered

__all__ = [
    "ChartInvalid",
    "ChartMissing",
    "Helm",
    "HelmBinary",
    "HelmEngine",
    "HelmRenderer",
    "HelmSdk",
    "HelmUnavailable",
    "Manifest",
    "RenderTooHeavy",
    "Rendered",
    "TemplateFailed",
    "ValuesInvalid",
    "chart_digest",
    "chart_folder",
    "engine",
]
