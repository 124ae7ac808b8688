"""What policies, webhooks and rights of a true cluster refuse, and by which of our errors that is known."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import AsyncIterator

import pytest

from podo.clients.kubernetes import errors, kinds
from podo.clients.kubernetes.real import RealCluster, connect
from podo.clients.kubernetes.types import Kind, Manifest, Ref
from podo.kernel.errors import PodoError
from tests.contracts.cluster.world import BY, World, condition, eventually

POLICY = Kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy")
BINDING = Kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding")
WEBHOOK = Kind("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")


@contextlib.asynccontextmanager
async def _in_force(world: World, *manifests: Manifest) -> AsyncIterator[None]:
    """Objects that lie in no namespace, there for a while."""
    for manifest in manifests:
        await world.cluster.apply(manifest, field_manager="tests")
    try:
        yield
    finally:
        for manifest in manifests:
            await world.cluster.delete(Ref.of(manifest))


def _here(world: World) -> Manifest:
    return {"matchLabels": {"kubernetes.io/metadata.name": world.namespace}}


def _policy(world: World, plural: str, group: str, expression: str, message: str) -> tuple[Manifest, Manifest]:
    """A policy on creations and changes of one kind in this namespace."""
    name = f"{world.namespace}-{plural}"
    rule = {"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [plural]}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": expression, "message": message}],
    }
    bound = {"policyName": name, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": _here(world)}}
    return (
        {"apiVersion": POLICY.api_version, "kind": POLICY.kind, "metadata": {"name": name}, "spec": spec},
        {"apiVersion": BINDING.api_version, "kind": BINDING.kind, "metadata": {"name": name}, "spec": bound},
    )


async def _until_refused(world: World, manifest: Manifest) -> PodoError:
    """Policies come into force a moment after they are there."""

    async def refused() -> PodoError | None:
        try:
            await world.apply(manifest, dry_run=True)
        except PodoError as error:
            return error
        return None

    found = await eventually(refused)
    assert found is not None
    return found


async def test_a_policy_refuses_what_it_forbids(real_world: World) -> None:
    world = real_world
    few = _policy(world, "deployments", "apps", "object.spec.replicas <= 3", "no more than 3 pods, says the policy")
    async with _in_force(world, *few):
        refusal = await _until_refused(world, world.deployment("web", replicas=4))
        assert type(refusal) is errors.AdmissionRefused
        assert "no more than 3 pods, says the policy" in refusal.data["message"]
        assert (refusal.data["kind"], refusal.data["name"]) == ("Deployment", "web")
        for call in (world.apply, world.cluster.create):
            with pytest.raises(errors.AdmissionRefused):
                await call(world.deployment("web", replicas=4), field_manager=BY)
        with pytest.raises(errors.NotFound):
            await world.get(kinds.DEPLOYMENT, "web")
        await world.apply(world.deployment("web", replicas=0))
        with pytest.raises(errors.AdmissionRefused):
            body = {"spec": {"replicas": 9}}
            await world.cluster.patch(world.ref(kinds.DEPLOYMENT, "web"), body, field_manager=BY)
        assert (await world.get(kinds.DEPLOYMENT, "web"))["spec"]["replicas"] == 0


async def test_a_policy_on_pods_stops_a_rollout_with_its_words(real_world: World) -> None:
    world = real_world
    signed = _policy(world, "pods", "", "'signed' in object.metadata.?annotations.orValue({})", "an image must be signed")
    async with _in_force(world, *signed):
        await _until_refused(world, world.pod("one"))
        await world.apply(world.deployment("web", replicas=1))
        stuck = await world.until(kinds.DEPLOYMENT, "web", lambda d: condition(d, "ReplicaFailure").get("status") == "True")
        assert "an image must be signed" in condition(stuck, "ReplicaFailure")["message"]


async def test_a_webhook_that_does_not_answer_is_no_refusal(real_world: World) -> None:
    """Nobody said no, so that it is worth another try."""
    world = real_world
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    hook = {
        "name": "nobody.podo.example",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [rule],
        "namespaceSelector": _here(world),
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
    }
    name = {"name": f"{world.namespace}-nobody"}
    configuration = {"apiVersion": WEBHOOK.api_version, "kind": WEBHOOK.kind, "metadata": name, "webhooks": [hook]}
    async with _in_force(world, configuration):
        refusal = await _until_refused(world, world.config_map("words", a="1"))
        assert isinstance(refusal, errors.Unreachable)
        assert "nobody.podo.example" in refusal.data["why"]


async def _as_account(world: World, cluster: RealCluster) -> RealCluster:
    """The same cluster as the default account of the namespace, which has no rights."""
    manifest = world.manifest(kinds.SECRET, "token", type="kubernetes.io/service-account-token")
    manifest["metadata"]["annotations"] = {"kubernetes.io/service-account.name": "default"}
    await world.apply(manifest)
    found = await world.until(kinds.SECRET, "token", lambda s: "token" in (s.get("data") or {}))
    authority = found["data"]["ca.crt"]
    return connect(_kubeconfig(cluster, authority, base64.b64decode(found["data"]["token"]).decode()), name="as-account")


def _kubeconfig(cluster: RealCluster, authority: str, token: str) -> Manifest:
    return {
        "clusters": [{"name": "c", "cluster": {"server": cluster.server, "certificate-authority-data": authority}}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }


async def test_what_an_account_may_not_do_is_forbidden(real_world: World, real: RealCluster) -> None:
    world = real_world
    account = await _as_account(world, real)
    try:
        for call in (
            account.list(kinds.POD, namespace=world.namespace),
            account.apply(world.config_map("words"), field_manager=BY),
            anext(account.watch(kinds.POD)),
            account.exec(world.ref(kinds.POD, "none"), ["true"]),
        ):
            with pytest.raises(errors.Forbidden) as refusal:
                await call
            assert f"system:serviceaccount:{world.namespace}:default" in refusal.value.data["message"]
    finally:
        await account.close()


async def test_who_is_not_known_is_told(real_world: World, real: RealCluster) -> None:
    account = await _as_account(real_world, real)
    await real_world.cluster.delete(real_world.ref(kinds.SECRET, "token"))
    try:

        async def unknown() -> bool:
            with contextlib.suppress(errors.Forbidden):
                try:
                    await account.list(kinds.POD, namespace=real_world.namespace)
                except errors.Unauthenticated:
                    return True
            return False

        await eventually(unknown)
        with pytest.raises(errors.Unauthenticated):
            await anext(account.watch(kinds.POD))
        with pytest.raises(errors.Unauthenticated):
            await account.exec(real_world.ref(kinds.POD, "none"), ["true"])
    finally:
        await account.close()
