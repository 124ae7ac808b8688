"""What starts by itself."""

from podo.notices.handlers.telling import OWNERS_CHANGE, mail_sign_in_link, send_at_once, send_due, tell_of_owners
from podo.notices.handlers.waiting import tell_of_directory, tell_of_orphans
from podo.notices.handlers.webhooks import forget_deliveries, hear_and_post, post_at_once

__all__ = [
    "OWNERS_CHANGE",
    "forget_deliveries",
    "hear_and_post",
    "mail_sign_in_link",
    "post_at_once",
    "send_at_once",
    "send_due",
    "tell_of_directory",
    "tell_of_orphans",
    "tell_of_owners",
]
