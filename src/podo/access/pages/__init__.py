"""Sign-in, teams, people, why, tokens, sessions, and the directory."""

from podo.access.pages import changes as changes
from podo.access.pages import directory as directory
from podo.access.pages import drafts as drafts
from podo.access.pages import issuers as issuers
from podo.access.pages import people as people
from podo.access.pages import settings as settings
from podo.access.pages import signin as signin
from podo.access.pages import teams as teams
from podo.access.pages import why as why
from podo.access.pages.site import routes as routes
