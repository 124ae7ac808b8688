"""The verbs of delivery, by subject: builds, pushes, config, releases, deployments, approvals, rollouts, stopping, deeds."""

from podo.delivery.service import approvals, builds, config, deeds, deployments, pushes, releases, rollouts, stopping

__all__ = ["approvals", "builds", "config", "deeds", "deployments", "pushes", "releases", "rollouts", "stopping"]
