"""The nodes of a local cluster: manifests that look like a cloud's, with zones, room and addresses."""

from __future__ import annotations

from typing import Any

ZONES = "abc"
_ROOM = {"cpu": "16", "memory": "65536Mi", "ephemeral-storage": "200Gi", "pods": "110"}
_LEFT = {"cpu": "15890m", "memory": "61440Mi", "ephemeral-storage": "180Gi", "pods": "110"}


def node(number: int, region: str, kubelet_port: int) -> dict[str, Any]:
    """The manifest of the node `number` (from 0) of `region`; zones go round. Its kubelet answers on this machine."""
    zone = region + ZONES[number % len(ZONES)]
    name = f"node-{zone}-{number + 1}"
    high, low = divmod(number, 250)
    labels = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "simulated.4xlarge",
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {"node.alpha.kubernetes.io/ttl": "0"}},
        "spec": {
            "podCIDR": f"10.{64 + high}.{low}.0/24",
            "podCIDRs": [f"10.{64 + high}.{low}.0/24"],
            "providerID": f"kwok://{zone}/{name}",
        },
        "status": {
            "capacity": _ROOM,
            "allocatable": _LEFT,
            "addresses": [
                {"type": "InternalIP", "address": f"10.{high}.{low}.10"},
                {"type": "Hostname", "address": name},
                # The API server reaches the kubelet under this name, and under no other.
                {"type": "InternalDNS", "address": "localhost"},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "",
                "containerRuntimeVersion": "kwok://0.8.0",
                "kernelVersion": "simulated",
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.36.3",
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "kwok (runs no containers)",
                "systemUUID": "",
            },
        },
    }
