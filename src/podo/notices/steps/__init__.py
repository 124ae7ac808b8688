"""The only places that reach outside, and the recording steps beside them; each safe to run twice."""

from podo.notices.steps.mails import hand_over, look_up, note_delayed, note_failed, note_left
from podo.notices.steps.webhooks import end_turn, note_batch, note_unposted, post_batch, take_batch
from podo.notices.steps.world import World

__all__ = [
    "World",
    "end_turn",
    "hand_over",
    "look_up",
    "note_batch",
    "note_delayed",
    "note_failed",
    "note_left",
    "note_unposted",
    "post_batch",
    "take_batch",
]
