"""Clusters, charts, repositories, builders."""
