"""The web: routes that know who may call them, one request's context, errors, sessions' edges, live pages."""

from podo.kernel.http.routes import ANYONE, SIGNED_IN, Form, Routes
from podo.kernel.http.web import ErrorShape, Identity, IdentitySource, Web, web

__all__ = ["ANYONE", "SIGNED_IN", "ErrorShape", "Form", "Identity", "IdentitySource", "Routes", "Web", "web"]
