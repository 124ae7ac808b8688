"""What may be allowed to people, about projects and places."""

from __future__ import annotations

from podo.access.types import Permission

READ = Permission("catalog.read", "read", "See projects, owners, environments, regions and clusters")
REGISTER = Permission("catalog.register", "operate", "Register a project for a team")
CHANGE = Permission("catalog.change", "operate", "Change what a project says of itself, its repository and targets")
TRANSFER = Permission("catalog.transfer", "own", "Give a project to another team")
DELETE = Permission("catalog.delete", "own", "Delete a project that never deployed")
GOVERN = Permission("catalog.govern", "govern", "Add and change environments, regions and clusters")
PERMISSIONS = (READ, REGISTER, CHANGE, TRANSFER, DELETE, GOVERN)
