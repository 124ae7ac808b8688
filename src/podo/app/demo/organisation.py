"""An invented company of Karrot's size: 200 engineers in 34 teams, 200 projects, 4 regions, 8 clusters.

Everything follows from one seed, so that two installations show the same people.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

PEOPLE = 200
PROJECTS = 200

_FAMILY = """
    김:kim 이:lee 박:park 최:choi 정:jung 강:kang 조:cho 윤:yoon 장:jang 임:lim 한:han 오:oh 서:seo 신:shin
    권:kwon 황:hwang 안:ahn 송:song 전:jeon 홍:hong 유:yoo 고:ko 문:moon 양:yang 손:son 배:bae 백:baek
    허:heo 남:nam 심:shim
"""
_GIVEN = """
    서연:seoyeon 민준:minjun 하늘:haneul 지우:jiwoo 소라:sora 도윤:doyun 서준:seojun 하은:haeun 예준:yejun
    시우:siwoo 지호:jiho 수아:sua 유진:yujin 은우:eunwoo 채원:chaewon 건우:geonwoo 다은:daeun 현우:hyunwoo
    지안:jian 나은:naeun 태윤:taeyun 세아:sea 준서:junseo 아린:arin 지민:jimin 승현:seunghyun 윤서:yunseo
    재윤:jaeyun 하린:harin 동현:donghyun 예린:yerin 성민:seongmin 보라:bora 한결:hangyeol 가온:gaon 이든:ideun
    마루:maru 슬기:seulgi 은별:eunbyeol 다온:daon
"""
_WESTERN = """
    Oliver Wright, Emma Clarke, Daniel Tremblay, Tanaka Yuki, Amélie Gagnon, Jack Hughes, Sophie Martin,
    Liam Murphy, Sato Haruka, Grace Evans, Noah Roy, Ito Kenji, Charlotte Lewis, Lucas Bouchard, Nakamura Aoi,
    Harry Walker, Chloe Morin, George Hall, Mia Fortin, Suzuki Ren, Isla Green, Ethan Pelletier, Watanabe Mei,
    Thomas Baker, Olivia Lavoie, Arthur King, Zoe Caron, Kobayashi Riku, Freya Scott, Nathan Girard
"""

# handle, name, parent; the first of each branch is the branch itself.
_TEAMS: Sequence[tuple[str, str, str | None]] = (
    ("podo", "Podo", None),
    ("service", "Service", "podo"),
    ("chat", "Chat", "service"),
    ("chat-push", "Push", "chat"),
    ("feed", "동네생활", "service"),
    ("search", "Search", "service"),
    ("marketplace", "중고거래", "service"),
    ("listing", "Listing", "marketplace"),
    ("trust", "Trust and Safety", "marketplace"),
    ("jobs", "당근알바", "service"),
    ("realty", "부동산", "service"),
    ("cars", "중고차", "service"),
    ("community", "모임", "service"),
    ("profile", "Profile", "service"),
    ("identity", "Identity", "service"),
    ("maps", "Maps", "service"),
    ("business", "Business", "podo"),
    ("ads", "Local Ads", "business"),
    ("ads-quality", "Ads Quality", "ads"),
    ("bizprofile", "비즈프로필", "business"),
    ("payments", "Payments", "podo"),
    ("wallet", "당근머니", "payments"),
    ("settlement", "정산", "payments"),
    ("data", "Data", "podo"),
    ("ml", "Machine Learning", "data"),
    ("analytics", "Analytics", "data"),
    ("international", "International", "podo"),
    ("canada", "Canada", "international"),
    ("japan", "Japan", "international"),
    ("uk", "United Kingdom", "international"),
    ("platform", "Platform", "podo"),
    ("sre", "SRE", "platform"),
    ("delivery", "배포 플랫폼", "platform"),
    ("frontend", "Frontend Core", "platform"),
)
# The directory ended it three days before now.
DISSOLVED = "community"
_BRANCHES = frozenset({"podo", "service", "business", "international"})

_FIRST = {
    "chat": "chat room typing receipt sticker",
    "chat-push": "push notify token badge",
    "feed": "story feed reaction comment topic",
    "search": "query index synonym suggest rank",
    "marketplace": "item price deal offer wish",
    "listing": "listing photo category keyword",
    "trust": "report abuse shield verify",
    "jobs": "job apply resume shift",
    "realty": "house room-tour lease broker",
    "cars": "car inspection plate dealer",
    "community": "club meetup event-board member",
    "profile": "profile manner follow avatar",
    "identity": "account login session consent",
    "maps": "region geocode tile address",
    "ads": "ads auction bid campaign creative",
    "ads-quality": "click-filter ads-score fraud",
    "bizprofile": "biz coupon booking review",
    "payments": "pay ledger refund charge",
    "wallet": "wallet transfer topup cash",
    "settlement": "settle payout invoice tax",
    "data": "lake ingest schema",
    "ml": "embedding ranker feature model",
    "analytics": "metric funnel experiment",
    "canada": "ca-listing ca-growth",
    "japan": "jp-listing jp-growth",
    "uk": "uk-listing uk-growth",
    "sre": "edge mesh dns probe",
    "delivery": "kontrol builder chart",
    "frontend": "web asset image-proxy design",
}
_LAST = ["api", "worker", "gateway", "sync", "cache", "indexer", "batch", "stream", "admin", "relay"]
_STACKS = ("kotlin", "go", "python", "typescript", "ruby", "rust", "java")
_VERBS = """
    Send, Cache, Batch, Retry, Index, Limit, Trace, Split, Move, Raise, Lower, Fix, Drop, Rename, Warm, Paginate,
    Sign, Round, Merge, Validate, Compress, Prefetch, Log, Escape, Guard
"""
_OBJECTS = """
    read receipts, synonyms for 10 min, settlement to the minor unit, attachments to signed URLs, the typing-indicator timeout,
    messages by room and day, the gRPC runtime, presence to Redis streams, bid floor by category, 중복 알림,
    채팅방 목록을 커서로, 동네생활 피드 후보, 거래 후기 정렬, 쿠폰 만료 처리, the retry budget,
    idempotency keys, slow queries of the list, image thumbnails, push tokens of old devices, the region lookup,
    feature flags at start, the outbox poller, unused columns, user-agent parsing, the connection pool, health checks
"""

CLUSTERS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("alpha-kr-1", "kr", ("alpha",)),
    ("alpha-jp-1", "jp", ("alpha",)),
    ("alpha-ca-1", "ca", ("alpha",)),
    ("alpha-uk-1", "uk", ("alpha",)),
    ("prod-kr-1", "kr", ("prod",)),
    ("prod-jp-1", "jp", ("prod",)),
    ("prod-ca-1", "ca", ("prod",)),
    ("prod-uk-1", "uk", ("prod",)),
)
REGIONS: Sequence[tuple[str, str, str]] = (
    ("kr", "Korea", "Asia/Seoul"),
    ("jp", "Japan", "Asia/Tokyo"),
    ("ca", "Canada", "America/Toronto"),
    ("uk", "United Kingdom", "Europe/London"),
)


@dataclass(frozen=True, slots=True)
class ExamplePerson:
    """A person of the directory; `team` is a handle."""

    id: str
    name: str
    email: str
    team: str
    lead: bool
    lang: str


@dataclass(frozen=True, slots=True)
class ExampleTeam:
    """A team of the directory; `parent` is a handle."""

    id: str
    handle: str
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class ExampleProject:
    """A project; `regions` are where its production runs, the home region first."""

    slug: str
    title: str
    team: str
    tier: int
    stack: str
    regions: tuple[str, ...]


@cache
def teams() -> tuple[ExampleTeam, ...]:
    """All teams, parents before children."""
    return tuple(ExampleTeam(f"team-{1000 + i}", handle, name, parent) for i, (handle, name, parent) in enumerate(_TEAMS))


@cache
def people() -> tuple[ExamplePerson, ...]:
    """All engineers. The first is 이서연 of Chat; every team has a lead."""
    chance = random.Random(2023)
    home = [t.handle for t in teams() if t.handle not in _BRANCHES]
    names = _names(chance)
    found: list[ExamplePerson] = []
    for i, (name, account, lang) in enumerate(names):
        team = home[i % len(home)] if i else "chat"
        lead = team not in {p.team for p in found}
        found.append(ExamplePerson(f"prs-{2001 + i}", name, f"{account}@podo.example", team, lead, lang))
    return tuple(found)


def _names(chance: random.Random) -> list[tuple[str, str, str]]:
    family, given = _pairs(_FAMILY), _pairs(_GIVEN)
    western = [(name, name.lower().replace(" ", ".").replace("é", "e"), "en") for name in _phrases(_WESTERN)]
    pairs = [(f, g) for f in family for g in given]
    chance.shuffle(pairs)
    pairs.remove(("이", "서연"))
    korean = [("이", "서연"), *pairs][: PEOPLE - len(western)]
    found = [(f + g, f"{given[g]}.{family[f]}", "ko") for f, g in korean]
    rest = found[1:] + western
    chance.shuffle(rest)
    return [found[0], *rest]


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


def _phrases(text: str) -> list[str]:
    return [" ".join(phrase.split()) for phrase in text.split(",")]


@cache
def projects() -> tuple[ExampleProject, ...]:
    """All projects, names unique."""
    chance = random.Random(2024)
    made: dict[str, ExampleProject] = {}
    pairs = [(team, word) for team, words in _FIRST.items() for word in words.split()]
    for once in (False, True):
        for i, (team, word) in enumerate(pairs):
            if len(made) == PROJECTS:
                return tuple(made.values())
            slug = f"{word}-{_LAST[1 + i % (len(_LAST) - 1)] if once else _LAST[0]}"
            tier = chance.choices((1, 2, 3), (2, 5, 3))[0]
            title = slug.replace("-", " ").capitalize()
            made[slug] = ExampleProject(slug, title, team, tier, chance.choice(_STACKS), _regions(team, chance))
    return tuple(made.values())


def _regions(team: str, chance: random.Random) -> tuple[str, ...]:
    match team:
        case "canada":
            return ("ca",)
        case "japan":
            return ("jp",)
        case "uk":
            return ("uk",)
        case _:
            abroad = [r for r in ("jp", "ca", "uk") if chance.random() < 0.4]
            return ("kr", *abroad)


def commit_title(chance: random.Random) -> str:
    """What a commit says."""
    thing = chance.choice(_phrases(_OBJECTS))
    if any("가" <= c <= "힣" for c in thing):
        return f"{thing} {chance.choice(('정리', '개선', '나눠 읽기', '다시 시도', '속도 올리기'))}"
    return f"{chance.choice(_phrases(_VERBS))} {thing}"
