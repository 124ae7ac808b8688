"""Decisions about projects, their owners and places, from values alone."""

from podo.catalog.rules.projects import (
    LONGEST_NAME,
    RESERVED,
    TIERS,
    better_name,
    check_name,
    check_place_name,
    in_order,
    is_reserved,
    name_of_repository,
    namespace_manifests,
    project_query,
    with_word,
    wrong_facts,
)

__all__ = [
    "LONGEST_NAME",
    "RESERVED",
    "TIERS",
    "better_name",
    "check_name",
    "check_place_name",
    "in_order",
    "is_reserved",
    "name_of_repository",
    "namespace_manifests",
    "project_query",
    "with_word",
    "wrong_facts",
]
