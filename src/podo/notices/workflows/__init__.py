"""The order of steps; deterministic."""

from podo.notices.workflows.mails import send
from podo.notices.workflows.webhooks import post

__all__ = ["post", "send"]
