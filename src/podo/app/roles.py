"""What a process does, by its settings."""

from __future__ import annotations

from podo.app.settings import SealSettings, ServerSettings
from podo.kernel.domains import House, Role
from podo.kernel.errors import N_, Invalid


class UnknownRole(Invalid):
    """`server.roles` names something else."""

    code = "app.unknown_role"
    so = N_("server.roles says “{given}”.")
    do = N_("It is a list of web, worker and watcher; by default all three.")


class OneProcess(Invalid):
    """Several processes over files of one."""

    code = "app.one_process"
    so = N_("This process would not do everything, but rows live in SQLite, which is for one process.")
    do = N_("Set PODO_DATABASE_URL to a PostgreSQL database, or leave server.roles out. docs/operations.md tells how to move.")


class NoSharedKey(Invalid):
    """Each process would seal with a key of its own."""

    code = "app.no_shared_key"
    so = N_("Several processes seal secrets, and no key is named that they share.")
    do = N_("Set PODO_SEAL_KEYS to the same for all of them; seal.key in server.directory holds the one that was made.")


def roles_of(house: House) -> frozenset[Role]:
    """The roles of this process. Raises one of the errors above when there cannot be such a process."""
    given = house.settings[ServerSettings].roles
    unknown = [name for name in given if name not in set(Role)]
    if unknown or not given:
        raise UnknownRole(given=", ".join(given))
    roles = frozenset(Role(name) for name in given)
    if roles == set(Role):
        return roles
    if house.database.is_sqlite:
        raise OneProcess()
    if not house.settings[SealSettings].keys:
        raise NoSharedKey()
    return roles
