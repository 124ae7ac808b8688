"""The panel beside the list: one pod, or one workload in one cluster."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Web
from podo.kernel.ui import Tab, languages
from podo.workloads import reads, service
from podo.workloads.pages import logs
from podo.workloads.pages.listing import Listing
from podo.workloads.ports import WorkloadReader
from podo.workloads.types import Happened, Pod, View, Workload

_TABS = {
    "summary": (N_("Summary"), "info"),
    "events": (N_("Events"), "bell"),
    "logs": (N_("Logs"), "log"),
    "manifest": (N_("Manifest"), "code"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which pod, and what of it."""

    pod: str
    tab: str
    container: str
    previous: bool
    since: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One pod, or (`pod` None) one workload in one cluster. `shown` is the tab; what was asked for it stands in the others."""

    view: View
    workload: Workload
    pod: Pod | None
    shown: str
    tabs: Sequence[Tab]
    reason: str
    newer: str
    older: str
    close: str
    here: str
    events: Sequence[Happened] = ()
    manifest: str = ""
    log: logs.Log | None = None
    trouble: str = ""


async def of_pod(w: Web, listing: Listing, everything: Sequence[View], asked: Asked) -> Panel | Response:
    """The panel of a pod; a redirect where its log has no beginning yet, so that the address has one."""
    view, workload, pod = service.pick_pod(everything, asked.pod)
    siblings = [p.name for p in workload.pods]
    place = siblings.index(pod.name)

    def at(name: str, tab: str = asked.tab) -> str:
        return f"{listing.address}&{urlencode({'pod': name, 'tab': tab})}"

    made = {
        "view": view,
        "workload": workload,
        "pod": pod,
        "shown": asked.tab,
        "tabs": [Tab(*_labelled(key, at(pod.name, key)), current=key == asked.tab) for key in _TABS],
        "reason": pod.health.said(languages.translator(w.lang)),
        "newer": at(siblings[place - 1]) if place > 0 else "",
        "older": at(siblings[place + 1]) if place + 1 < len(siblings) else "",
        "close": listing.address,
        "here": at(pod.name),
    }
    if asked.tab != "logs":
        return await _read(w, listing.project, made, "Pod", pod.name)
    container = asked.container or (pod.containers[0].name if pod.containers else "")
    which = logs.Which(listing.project, view, pod, container, asked.previous, asked.since)
    try:
        found = await logs.read(w, which, f"{listing.address}&{urlencode({'pod': pod.name, 'tab': 'logs'})}")
    except PodoError as error:
        empty = logs.empty(which, f"{listing.address}&{urlencode({'pod': pod.name, 'tab': 'logs'})}")
        return Panel(**made, log=empty, trouble=_words(w, error))
    return RedirectResponse(found, 302) if isinstance(found, str) else Panel(**made, log=found)


async def of_workload(w: Web, listing: Listing, everything: Sequence[View], which: tuple[str, str, str], tab: str) -> Panel:
    """The panel of a workload in one cluster."""
    cluster, kind, name = which
    view = next(v for v in everything if v.cluster == cluster and any((x.kind, x.name) == (kind, name) for x in v.workloads))
    workload = service.pick(view, kind, name)
    here = f"{listing.address}&{urlencode({'workload': f'{kind}/{name}', 'cluster': cluster})}"
    made = {
        "view": view,
        "workload": workload,
        "pod": None,
        "shown": tab,
        "tabs": [Tab(*_labelled(key, f"{here}&tab={key}"), current=key == tab) for key in ("summary", "events", "manifest")],
        "reason": workload.health.said(languages.translator(w.lang)),
        "newer": "",
        "older": "",
        "close": listing.address,
        "here": here,
    }
    return await _read(w, listing.project, made, kind, name)


def _labelled(key: str, href: str) -> tuple[str, str, str]:
    label, icon = _TABS[key]
    return label, href, icon


async def _read(w: Web, project: str, made: dict[str, object], kind: str, name: str) -> Panel:
    """The panel with what its tab asks the cluster for; when the cluster does not answer, with why."""
    reader = w.house.ports[WorkloadReader]
    panel = Panel(**made)  # type: ignore[arg-type]
    try:
        match panel.shown:
            case "events":
                return Panel(**made, events=await reads.events(reader, panel.view, project, name))  # type: ignore[arg-type]
            case "manifest":
                found = await reads.manifest(reader, panel.view, project, kind, name)
                text = json.dumps(found, indent=2, ensure_ascii=False)
                return Panel(**made, manifest=text)  # type: ignore[arg-type]
            case _:
                return panel
    except PodoError as error:
        return Panel(**made, trouble=_words(w, error))  # type: ignore[arg-type]


def _words(w: Web, error: PodoError) -> str:
    return " ".join(error.said(languages.translator(w.lang)))
