"""Questions that ask the chart's engine, repositories and clusters now. None of them holds a transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podo.delivery.ports import BuilderReader, BuildLogReader, ChartReader, SourceReader
from podo.delivery.rules import releases as rules
from podo.delivery.rules import values
from podo.delivery.types import BuilderNote, Bundle, Changes, Commit, Draft, Ingredients, LogLine, Release, Source, Spot
from podo.kernel import clock


async def draft(charts: ChartReader, of: Ingredients) -> Draft:
    """Seal a build for its targets: values put together, the chart rendered, everything hashed. Writes nothing.

    Raises what Helm says of values or templates that do not fit.
    """
    chart = await charts.digest()
    defaults = await charts.defaults()
    bundles = [await _bundle(charts, of, spot, chart, defaults) for spot in of.spots]
    root = rules.root_hash({(b.environment, b.region): b.hash for b in bundles})
    release = Release(
        id=rules.called(root),
        project=of.project,
        hash=root,
        build=of.build.number,
        commit=of.build.commit.sha,
        image=of.build.image,
        digest=of.build.digest,
        chart=chart,
        made_at=clock.now(),
        bundles=tuple(bundles),
    )
    return Draft(release, of.version)


async def _bundle(charts: ChartReader, of: Ingredients, spot: Spot, chart: str, defaults: Mapping[str, Any]) -> Bundle:
    facts = values.Facts(
        project=of.project,
        environment=spot.environment,
        region=spot.region,
        port=of.port,
        image=of.build.image,
        digest=of.build.digest,
        name=spot.name,
    )
    said = [(values.PROJECT, {"port": of.port}), *values.layers(of.build.values, of.choices, spot.environment, spot.region)]
    mine = values.of_podo(facts, spot.config, "")
    plain, _ = values.together([*said, (values.PODO, mine)], defaults)
    label = rules.label(plain, chart)
    whole, sources = values.together([*said, (values.PODO, values.of_podo(facts, spot.config, label))], defaults)
    rendered = await charts.render(spot.name, of.project, whole)
    return Bundle(
        environment=spot.environment,
        region=spot.region,
        hash=rules.bundle_hash(rendered.manifests, whole, chart, spot.config.fingerprints, (spot.environment, spot.region)),
        label=label,
        name=spot.name,
        values=whole,
        sources=sources,
        manifests=rendered.manifests,
        variables=values.get(whole, "env", {}),
        fingerprints=spot.config.fingerprints,
        sealed=spot.config.sealed,
    )


def changes(charts: ChartReader, was: Bundle | None, now: Bundle) -> Changes:
    """What `now` brings over `was`."""
    return rules.changes(was, now, texts(charts, now), texts(charts, was) if was else {})


def texts(charts: ChartReader, bundle: Bundle) -> dict[str, str]:
    """A bundle's manifests as YAML, by title, in the order in which they are applied."""
    return {rules.title(m): charts.text(m) for m in bundle.manifests}


async def value_rows(charts: ChartReader, bundle: Bundle) -> list[tuple[str, Any, str]]:
    """(path, value, where it comes from) of everything that the chart was given."""
    return values.rows(bundle.values, await charts.defaults(), bundle.sources)


async def newest_commit(sources: SourceReader, source: Source, ref: str = "") -> Commit:
    """The commit that `ref` means, or the newest of the project's branch. Raises errors of git."""
    return await (sources.commit(source, ref) if ref else sources.head(source))


async def builder(builders: BuilderReader, url: str) -> BuilderNote:
    """What builds a repository here."""
    return await builders.note(url)


async def log(logs: BuildLogReader, build: str, after: int = 0, limit: int = 5000) -> Sequence[LogLine]:
    """Lines of a build's log."""
    return await logs.lines(build, after, limit)
