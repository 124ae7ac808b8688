"""The issuers of the settings, over OpenID Connect."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from podo.access import rules
from podo.access.types import Attempt, Claims, IssuerSettings, NoSuchIssuer, WrongIssuer
from podo.clients.oidc import Issuer, Registration, is_safe
from podo.kernel.db import outside

_log = logging.getLogger("podo.access")
# What a person's name in our database may hold.
_LONGEST = 200


class Issuers:
    """Answers `IssuerReader`. `anywhere` allows plain http beyond this machine, for a demo. Raises `WrongIssuer`."""

    def __init__(self, chosen: Mapping[str, IssuerSettings], *, anywhere: bool) -> None:
        self._chosen = chosen
        self._issuers = {name: _issuer(name, issuer, anywhere=anywhere) for name, issuer in chosen.items()}

    async def address(self, attempt: Attempt, back: str) -> str:
        """See `IssuerReader.address`."""
        issuer = self._of(attempt.issuer)
        return await issuer.address(back=back, state=attempt.state, nonce=attempt.nonce, verifier=attempt.verifier)

    async def claims(self, attempt: Attempt, back: str, *, code: str, said_by: str) -> Claims:
        """See `IssuerReader.claims`."""
        issuer, chosen = self._of(attempt.issuer), self._chosen[attempt.issuer]
        wants = ("email", "name", chosen.groups_claim.partition(".")[0] if chosen.teams or chosen.roles else "sub")
        found = await issuer.signed(
            back=back, code=code, said_by=said_by, nonce=attempt.nonce, verifier=attempt.verifier, wants=wants
        )
        said = found.claims
        if (chosen.teams or chosen.roles) and chosen.groups_claim in (said.get("_claim_names") or {}):
            # Too many to be listed (Entra ID does so above 200): rights must not stay for that reason.
            _log.warning("%s lists too many groups to name them: %s counts as in none", issuer.title, found.subject)
        return Claims(
            subject=found.subject,
            email=str(said.get("email") or ""),
            verified=rules.is_verified(said.get("email_verified"), trusted=chosen.trust_email),
            name=str(said.get("name") or said.get("preferred_username") or "")[:_LONGEST],
            lang=str(said["locale"])[:2].lower() if said.get("locale") else None,
            groups=rules.groups(said, chosen.groups_claim),
            session=found.session,
            id_token=found.id_token,
        )

    async def end_address(self, issuer: str, back: str, hint: str) -> str | None:
        """See `IssuerReader.end_address`."""
        return await self._of(issuer).end_address(back=back, hint=hint)

    async def logged_out(self, issuer: str, token: str) -> tuple[str, str]:
        """See `IssuerReader.logged_out`."""
        found = await self._of(issuer).logged_out(token)
        return found.subject, found.session

    def _of(self, name: str) -> Issuer:
        if name not in self._issuers:
            raise NoSuchIssuer(name=name)
        return self._issuers[name]


def _issuer(name: str, chosen: IssuerSettings, *, anywhere: bool) -> Issuer:
    if why := rules.wrong_with(chosen):
        raise WrongIssuer(name=name, why=why)
    if not is_safe(chosen.url) and not (anywhere and chosen.url.startswith("http://")):
        raise WrongIssuer(name=name, why="its url is not https")
    secret = chosen.client_secret or _kept(name, chosen.client_secret_file)
    we = Registration(chosen.url, chosen.client_id, secret, chosen.scopes)
    return Issuer(chosen.title or name, we, anywhere=anywhere, before_call=outside)


def _kept(name: str, path: Path | None) -> str:
    try:
        return path.read_text().strip() if path else ""
    except OSError as error:
        raise WrongIssuer(name=name, why=f"{path} cannot be read: {error.strerror}") from None
