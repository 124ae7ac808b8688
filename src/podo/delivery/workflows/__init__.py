"""The order of steps: a build, and one run of a rollout."""
