"""The only place that changes the outside world: builds, and rollouts."""
