"""Rows of inboxes, of the outbox and of webhooks."""

from podo.notices.models.mails import MailChoiceRow, MailRow, NoticeRow
from podo.notices.models.webhooks import WebhookCursorRow, WebhookDeliveryRow, WebhookRow, WebhookStateRow

__all__ = [
    "MailChoiceRow",
    "MailRow",
    "NoticeRow",
    "WebhookCursorRow",
    "WebhookDeliveryRow",
    "WebhookRow",
    "WebhookStateRow",
]
