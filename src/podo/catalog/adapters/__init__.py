"""Clusters and repositories."""
