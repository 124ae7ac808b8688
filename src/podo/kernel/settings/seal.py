"""Sealing secrets and kubeconfigs with a key from the settings (Fernet: AES-128-CBC with HMAC-SHA256).

The first key seals; all keys open, so that a key can be changed by putting the new one in front.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from podo.kernel.errors import N_, Broken


class Unsealable(Broken):
    """What was sealed cannot be opened with any key of the settings."""

    code = "settings.unsealable"
    so = N_("A sealed value cannot be opened with the keys of this installation.")
    do = N_("Put the key it was sealed with into seal.keys, behind the present one.")


class Seal:
    """Seals and opens short texts. `keys` are 32 bytes in URL-safe base64 each, the newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        # The oldest key: a new one that is put in front changes no fingerprint.
        self._mark = hmac.digest(base64.urlsafe_b64decode(keys[-1]), b"podo fingerprint 1", hashlib.sha256)

    def seal(self, text: str) -> str:
        """An opaque text that only a holder of the key can open."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """The text again. Raises `Unsealable`."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise Unsealable() from None

    def renew(self, sealed: str) -> str:
        """The same, sealed with the newest key. Raises `Unsealable`."""
        try:
            return self._fernet.rotate(sealed).decode()
        except InvalidToken:
            raise Unsealable() from None

    def fingerprint(self, text: str) -> str:
        """64 hex digits that change with the text and say nothing of it to who has no key (HMAC-SHA256)."""
        return hmac.digest(self._mark, text.encode(), hashlib.sha256).hex()


def key_from(path: Path) -> str:
    """The key kept in `path`; made, readable by the owner alone, if there is none."""
    if path.exists():
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    key = Fernet.generate_key().decode()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
    return key
