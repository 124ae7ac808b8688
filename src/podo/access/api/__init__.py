"""Access as JSON: people, teams and rights; and who is signed in where, for administrators and for issuers."""

from podo.access.api import directory, leaving, rights, scim

routes = [rights.routes, leaving.routes, directory.routes, scim.routes]
