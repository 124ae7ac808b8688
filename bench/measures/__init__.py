"""The benches, by name, in the order in which they are shown. Each is `async def measure(Size) -> list[Figure]`."""

NAMES = [
    "start",
    "pages",
    "permissions",
    "owners",
    "scorecards",
    "assets",
    "tags",
    "search",
    "provisioning",
    "deployments",
    "watching",
    "applies",
]


class LeftOut(Exception):
    """What a bench needs is not on this machine; says what, and how to get it."""
