"""What can go wrong with a chart, in a person's words."""

from __future__ import annotations

from podo.kernel.errors import N_, Invalid, Missing, Unavailable


class ChartMissing(Missing):
    """There is no chart in that folder."""

    code = "helm.chart_missing"
    so = N_("There is no Helm chart at {chart}.")
    do = N_("A chart is a folder with a Chart.yaml; check the path.")


class ChartInvalid(Invalid):
    """The chart itself cannot be read."""

    code = "helm.chart_invalid"
    so = N_("The Helm chart {chart} cannot be read: {why}.")
    do = N_("Correct the chart; `helm lint` says more.")


class ValuesInvalid(Invalid):
    """The chart's schema refuses the values. `fields` maps each offending value's path (`hpa.max`) to what is wrong with it."""

    code = "helm.values_invalid"
    so = N_("The chart {chart} does not take these values: {told}.")
    do = N_("Correct them; the chart's README lists every value.")


class TemplateFailed(Invalid):
    """A template cannot be rendered, or gives what is no manifest. `template` and `line` (0: unknown) say where."""

    code = "helm.template_failed"
    so = N_("The chart's template {template} fails at line {line}: {why}.")
    do = N_("Correct the template, or the values that it is given.")


class RenderTooHeavy(Invalid):
    """The chart wants more time or memory than a rendering gets."""

    code = "helm.render_too_heavy"
    so = N_("The chart {chart} was not rendered: it wants more than {limit}.")
    do = N_("Look for a loop or a recursion in its templates.")


class HelmUnavailable(Unavailable):
    """No engine can be run here."""

    code = "helm.unavailable"
    so = N_("Helm cannot be run here: {why}.")
    do = N_("Install `helm` (version 3.14 or newer), or the Python package helm-python-sdk.")
