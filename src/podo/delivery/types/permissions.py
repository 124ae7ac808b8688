"""What somebody may be allowed to do here."""

from __future__ import annotations

from podo.access.types import Permission
from podo.kernel.errors import N_

READ = Permission("delivery.read", "read", N_("See builds, releases, deployments and their logs"))
BUILD = Permission("delivery.build", "operate", N_("Build a commit, or cancel a build"))
CONFIGURE = Permission("delivery.configure", "operate", N_("Set variables, secrets and values of the paved road"))
DEPLOY = Permission("delivery.deploy", "operate", N_("Ask for a deployment, try it again, or seal it anew"))
APPROVE = Permission("delivery.approve", "approve", N_("Approve or reject a rollout that somebody else asked for"))
HALT = Permission("delivery.halt", "operate", N_("Halt what has not finished"))
ROLL_BACK = Permission("delivery.roll_back", "operate", N_("Bring back a release that was healthy"))
COMMENT = Permission("delivery.comment", "read", N_("Say something about a deployment"))
PERMISSIONS = (READ, BUILD, CONFIGURE, DEPLOY, APPROVE, HALT, ROLL_BACK, COMMENT)
