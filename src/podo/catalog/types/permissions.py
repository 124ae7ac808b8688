"""What may be allowed to people, about projects and places."""

from __future__ import annotations

from podo.access.types import Permission
from podo.kernel.errors import N_

READ = Permission("catalog.read", "read", N_("See projects, owners, environments, regions and clusters"))
REGISTER = Permission("catalog.register", "operate", N_("Register a project for a team"))
CHANGE = Permission("catalog.change", "operate", N_("Change what a project says of itself, its repository and targets"))
TRANSFER = Permission("catalog.transfer", "own", N_("Give a project to another team"))
ACCEPT = Permission("catalog.accept", "own", N_("Take a project for the team that it is offered to, or decline it"))
DELETE = Permission("catalog.delete", "own", N_("Delete a project that never deployed"))
RETIRE = Permission("catalog.retire", "own", N_("Retire a project, and bring it back"))
IMPORT = Permission("catalog.import", "govern", N_("Import projects from a spreadsheet or from Backstage"))
SCORE = Permission("catalog.score", "govern", N_("Write the rules of scorecards"))
ASSIGN = Permission("catalog.assign", "operate", N_("Say whose an asset is, and undo what was decided of it"))
QUARANTINE = Permission("catalog.quarantine", "own", N_("Set apart assets that nobody owns"))
TAG = Permission("catalog.tag", "govern", N_("Plan and write the tags of assets in clouds"))
GOVERN = Permission("catalog.govern", "govern", N_("Add and change environments, regions and clusters"))
PERMISSIONS = (READ, REGISTER, CHANGE, TRANSFER, ACCEPT, DELETE, RETIRE, IMPORT, SCORE, ASSIGN, QUARANTINE, TAG, GOVERN)
