"""Builds, releases, deployments: from a commit to production, region by region."""
