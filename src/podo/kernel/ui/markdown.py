"""Markdown of people: no HTML, no pictures; links do not vouch for their goal; @mentions and #numbers become links."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

References = Callable[[str], str | None]
"""Answers the address of `@team-chat` or `#214`, or None when it is just text."""

_REFERENCE = re.compile(r"(?<![\w/@#&])([@#][A-Za-z0-9가-힣](?:[\w.-]*\w)?)")


def markdown(text: str, references: References = lambda _: None, *, wrapped: bool = False) -> Markup:
    """`text` as safe HTML, to be put into an element of class `markdown-body`. In a `wrapped` text a new line is a blank."""
    return Markup(_parser(wrapped).render(text, {"podo": references}))  # noqa: S704 - it escapes all text, its HTML is off


@cache
def _parser(wrapped: bool) -> MarkdownIt:
    # To make one takes as long as a page of text.
    parser = MarkdownIt("commonmark", {"html": False, "breaks": not wrapped}).enable(["table", "strikethrough"]).disable("image")
    parser.core.ruler.push("outside", _mark_links)
    parser.core.ruler.push("references", _refer)
    return parser


def _mark_links(state: StateCore) -> None:
    for block in state.tokens:
        for token in block.children or []:
            if token.type == "link_open":
                token.attrSet("rel", "nofollow noopener")


def _refer(state: StateCore) -> None:
    references: References = state.env["podo"]
    for block in state.tokens:
        if not block.children:
            continue
        found: list[Token] = []
        inside = 0
        for token in block.children:
            inside += {"link_open": 1, "link_close": -1}.get(token.type, 0)
            found += [token] if inside or token.type != "text" else _split(token, references)
        block.children = found


def _split(token: Token, references: References) -> list[Token]:
    parts: list[Token] = []
    for piece in _REFERENCE.split(token.content):
        address = references(piece) if _REFERENCE.fullmatch(piece) else None
        text = Token("text", "", 0, content=piece)
        if address is None:
            parts.append(text)
            continue
        parts += [Token("link_open", "a", 1, attrs={"href": address}), text, Token("link_close", "a", -1)]
    return parts
