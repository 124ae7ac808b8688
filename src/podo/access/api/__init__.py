"""Access as JSON: people, teams and rights; and who is signed in where, for administrators and for issuers."""

from podo.access.api import leaving, rights

routes = [rights.routes, leaving.routes]
