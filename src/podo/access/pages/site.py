"""What these pages share."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from podo.access import service
from podo.access.types import AccessSettings, On, Permission
from podo.kernel.db import Reading
from podo.kernel.http import Routes, Web
from podo.kernel.ui import languages

routes = Routes("access", tag="People and rights")


def settings(w: Web) -> AccessSettings:
    """The section of the settings."""
    return w.house.settings[AccessSettings]


def say(w: Web, text: str) -> str:
    """A message in the reader's language."""
    return languages.say(w.lang, text)


@contextlib.asynccontextmanager
async def reading(w: Web, permission: Permission) -> AsyncIterator[Reading]:
    """A view for those who have this permission. Raises `NotAllowed`."""
    async with w.reading() as r:
        await service.require(r, permission, On())
        yield r
