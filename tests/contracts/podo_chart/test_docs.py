"""What docs/installation.md and docs/upgrading.md tell people to type into a cluster, typed into one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from podo.clients.helm import HelmBinary
from podo.clients.kubernetes import kinds, local
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.real import connect
from tests import needs
from tests.contracts.cluster.world import eventually
from tests.house import commands, tree

PAGES = ["docs/installation.md", "docs/upgrading.md"]
BLOCKS = [block for block in commands.blocks(PAGES) if block.runner == "cluster"]


@needs.part("kubernetes")
@needs.part("kwok")
@needs.part("helm")
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.serial
async def test_podo_is_installed_given_this_cluster_and_upgraded(
    seoul: local.LocalCluster, admin: Cluster, tmp_path: Path
) -> None:
    helm = HelmBinary.built()
    assert helm
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/helm").symlink_to(helm)
    (tmp_path / "values.yaml").write_text(_values())
    (tmp_path / "charts").symlink_to(tree.ROOT / "charts")
    shutil.copy(seoul.kubeconfig, tmp_path / "config")
    path = f"{tmp_path}/bin:/usr/local/bin:/usr/bin:/bin"
    given = {"KUBECONFIG": str(tmp_path / "config"), "PATH": path}
    assert {block.path for block in BLOCKS} == set(PAGES)
    try:
        for block in BLOCKS:
            commands.run(block, tmp_path, given)
        # Podo takes the kubeconfig as text, as it is entered in the site.
        made = connect((tmp_path / "podo.kubeconfig").read_text(), name="here")
        assert (await made.version()).git_version == (await admin.version()).git_version
        await made.close()
        # The job of the upgrade did its work, and went.
        assert (await admin.list(kinds.JOB, namespace="podo")).items == []
    finally:
        gone = commands.Block("here", 1, "cluster", (commands.Command("helm uninstall podo --namespace podo"),))
        commands.run(gone, tmp_path, given)
        await admin.delete(kinds.NAMESPACE.ref("podo"))

    async def nothing_is_left() -> bool:
        found = [(await admin.list(kind)).items for kind in (kinds.Kind("rbac.authorization.k8s.io/v1", "ClusterRole"),)]
        return not [item for items in found for item in items if item["metadata"]["name"].startswith("podo-")]

    await eventually(nothing_is_left)


def _values() -> str:
    """The page's own values.yaml."""
    blocks = [
        token.content for token in MarkdownIt().parse(tree.text(PAGES[0])) if token.type == "fence" and token.info == "yaml"
    ]
    (found,) = [text for text in blocks if re.match(r"image:", text)]
    return found
