"""The verbs of delivery, by subject: builds, pushes, config, releases, deployments, approvals, rollouts, stopping."""

from podo.delivery.service import approvals, builds, config, deployments, pushes, releases, rollouts, stopping

__all__ = ["approvals", "builds", "config", "deployments", "pushes", "releases", "rollouts", "stopping"]
