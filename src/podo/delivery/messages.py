"""What people are told in their inbox: nouns in, a plain message out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podo.delivery.types import Build, Deployment
from podo.kernel.errors import N_
from podo.notices.types import Message


def approval_asked(of: Deployment, by: str, regions: Sequence[str]) -> Message:
    """To reviewers: somebody asks for their approval."""
    sentence = N_("{by} asks for your approval: {title} to {project} {environment} {regions} (#{number})")
    return _about(of, "delivery.approval_asked", sentence, by=by, title=of.title, regions=", ".join(regions))


def healthy(of: Deployment, region: str) -> Message:
    """To the requester: a region has arrived."""
    return _about(of, "delivery.healthy", N_("{project} #{number} is healthy in {environment} {region}"), region=region)


def failed(of: Deployment, region: str, why: str) -> Message:
    """To the requester: a region failed, and nothing of it is left there."""
    sentence = N_("{project} #{number} failed in {environment} {region}: {why}")
    return _about(of, "delivery.failed", sentence, region=region, why=why)


def rolled_back(of: Deployment, region: str, back_to: int, why: str) -> Message:
    """To the requester: a region is back on what was there before."""
    sentence = N_("{project} #{number} was put back in {environment} {region}, #{back_to} runs again: {why}")
    return _about(of, "delivery.rolled_back", sentence, region=region, back_to=back_to, why=why)


def replaced(of: Deployment, region: str, back_to: int, by: str) -> Message:
    """To the requester: somebody brought an earlier release back in its place."""
    sentence = N_("{by} rolled {project} #{number} back in {environment} {region}; #{back_to} runs there now")
    return _about(of, "delivery.replaced", sentence, region=region, back_to=back_to, by=by)


def stuck(of: Deployment, region: str, why: str) -> Message:
    """To the requester: Podo does nothing more until somebody decides."""
    sentence = N_("{project} #{number} is stuck in {environment} {region} and needs somebody: {why}")
    return _about(of, "delivery.stuck", sentence, region=region, why=why)


def halted(of: Deployment, region: str, by: str) -> Message:
    """To the requester: somebody stopped it."""
    sentence = N_("{by} halts {project} #{number} in {environment} {region}")
    return _about(of, "delivery.halted", sentence, region=region, by=by)


def rejected(of: Deployment, region: str, by: str) -> Message:
    """To the requester: a reviewer said no."""
    sentence = N_("{by} rejected {project} #{number} for {environment} {region}")
    return _about(of, "delivery.rejected", sentence, region=region, by=by)


def changes_asked(of: Deployment, region: str, by: str) -> Message:
    """To the requester: a reviewer wants something changed first."""
    sentence = N_("{by} asks for changes in {project} #{number} before {environment} {region}")
    return _about(of, "delivery.changes_asked", sentence, region=region, by=by)


def build_failed(build: Build) -> Message:
    """To who asked, or to the team: there is no image of this commit."""
    facts = {"project": build.project, "number": build.number, "commit": build.commit.short, "why": build.why}
    sentence = N_("Build #{number} of {project} ({commit}) failed: {why}")
    return Message("delivery.build_failed", sentence, f"/{build.project}/builds/{build.number}", facts, build.project)


def _about(of: Deployment, kind: str, sentence: str, **facts: Any) -> Message:
    known: Mapping[str, Any] = {"project": of.project, "number": of.number, "environment": of.environment, **facts}
    return Message(kind, sentence, f"/{of.project}/deployments/{of.number}", known, of.project)
