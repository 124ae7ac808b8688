"""What somebody may be allowed to do here."""

from __future__ import annotations

from podo.access.types import Permission

READ = Permission("delivery.read", "read", "See builds, releases, deployments and their logs")
BUILD = Permission("delivery.build", "operate", "Build a commit, or cancel a build")
CONFIGURE = Permission("delivery.configure", "operate", "Set variables, secrets and values of the paved road")
DEPLOY = Permission("delivery.deploy", "operate", "Ask for a deployment, try it again, or seal it anew")
APPROVE = Permission("delivery.approve", "approve", "Approve or reject a rollout that somebody else asked for")
HALT = Permission("delivery.halt", "operate", "Halt what has not finished")
ROLL_BACK = Permission("delivery.roll_back", "operate", "Bring back a release that was healthy")
COMMENT = Permission("delivery.comment", "read", "Say something about a deployment")
PERMISSIONS = (READ, BUILD, CONFIGURE, DEPLOY, APPROVE, HALT, ROLL_BACK, COMMENT)
