"""An invented company of Karrot's size: 200 engineers in 32 teams, 200 projects, 4 regions, 8 clusters.

Everything follows from one seed, so that two installations show the same people.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

PEOPLE = 200
PROJECTS = 200

_FAMILY = [
    "김",
    "이",
    "박",
    "최",
    "정",
    "강",
    "조",
    "윤",
    "장",
    "임",
    "한",
    "오",
    "서",
    "신",
    "권",
    "황",
    "안",
    "송",
    "전",
    "홍",
    "유",
    "고",
    "문",
    "양",
    "손",
    "배",
    "백",
    "허",
    "남",
    "심",
]
_GIVEN = [
    "서연",
    "민준",
    "하늘",
    "지우",
    "소라",
    "도윤",
    "서준",
    "하은",
    "예준",
    "시우",
    "지호",
    "수아",
    "유진",
    "은우",
    "채원",
    "건우",
    "다은",
    "현우",
    "지안",
    "나은",
    "태윤",
    "세아",
    "준서",
    "아린",
    "지민",
    "승현",
    "윤서",
    "재윤",
    "하린",
    "동현",
    "예린",
    "성민",
    "보라",
    "한결",
    "가온",
    "이든",
    "마루",
    "슬기",
    "은별",
    "다온",
]
_ROMAN_FAMILY = dict(
    zip(
        _FAMILY,
        [
            "kim",
            "lee",
            "park",
            "choi",
            "jung",
            "kang",
            "cho",
            "yoon",
            "jang",
            "lim",
            "han",
            "oh",
            "seo",
            "shin",
            "kwon",
            "hwang",
            "ahn",
            "song",
            "jeon",
            "hong",
            "yoo",
            "ko",
            "moon",
            "yang",
            "son",
            "bae",
            "baek",
            "heo",
            "nam",
            "shim",
        ],
        strict=True,
    )
)
_ROMAN_GIVEN = dict(
    zip(
        _GIVEN,
        [
            "seoyeon",
            "minjun",
            "haneul",
            "jiwoo",
            "sora",
            "doyun",
            "seojun",
            "haeun",
            "yejun",
            "siwoo",
            "jiho",
            "sua",
            "yujin",
            "eunwoo",
            "chaewon",
            "geonwoo",
            "daeun",
            "hyunwoo",
            "jian",
            "naeun",
            "taeyun",
            "sea",
            "junseo",
            "arin",
            "jimin",
            "seunghyun",
            "yunseo",
            "jaeyun",
            "harin",
            "donghyun",
            "yerin",
            "seongmin",
            "bora",
            "hangyeol",
            "gaon",
            "ideun",
            "maru",
            "seulgi",
            "eunbyeol",
            "daon",
        ],
        strict=True,
    )
)
_WESTERN = [
    "Oliver Wright",
    "Emma Clarke",
    "Daniel Tremblay",
    "Tanaka Yuki",
    "Amélie Gagnon",
    "Jack Hughes",
    "Sophie Martin",
    "Liam Murphy",
    "Sato Haruka",
    "Grace Evans",
    "Noah Roy",
    "Ito Kenji",
    "Charlotte Lewis",
    "Lucas Bouchard",
    "Nakamura Aoi",
    "Harry Walker",
    "Chloe Morin",
    "George Hall",
    "Mia Fortin",
    "Suzuki Ren",
    "Isla Green",
    "Ethan Pelletier",
    "Watanabe Mei",
    "Thomas Baker",
    "Olivia Lavoie",
    "Arthur King",
    "Zoe Caron",
    "Kobayashi Riku",
    "Freya Scott",
    "Nathan Girard",
]

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
_VERBS = [
    "Send",
    "Cache",
    "Batch",
    "Retry",
    "Index",
    "Limit",
    "Trace",
    "Split",
    "Move",
    "Raise",
    "Lower",
    "Fix",
    "Drop",
    "Rename",
    "Warm",
    "Paginate",
    "Sign",
    "Round",
    "Merge",
    "Validate",
    "Compress",
    "Prefetch",
    "Log",
    "Escape",
    "Guard",
]
_OBJECTS = [
    "read receipts",
    "synonyms for 10 min",
    "settlement to the minor unit",
    "attachments to signed URLs",
    "the typing-indicator timeout",
    "messages by room and day",
    "the gRPC runtime",
    "presence to Redis streams",
    "bid floor by category",
    "중복 알림",
    "채팅방 목록을 커서로",
    "동네생활 피드 후보",
    "거래 후기 정렬",
    "쿠폰 만료 처리",
    "the retry budget",
    "idempotency keys",
    "slow queries of the list",
    "image thumbnails",
    "push tokens of old devices",
    "the region lookup",
    "feature flags at start",
    "the outbox poller",
    "unused columns",
    "user-agent parsing",
    "the connection pool",
    "health checks",
]

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
    western = [(name, name.lower().replace(" ", ".").replace("é", "e"), "en") for name in _WESTERN]
    pairs = [(f, g) for f in _FAMILY for g in _GIVEN]
    chance.shuffle(pairs)
    pairs.remove(("이", "서연"))
    korean = [("이", "서연"), *pairs][: PEOPLE - len(western)]
    found = [(f + g, f"{_ROMAN_GIVEN[g]}.{_ROMAN_FAMILY[f]}", "ko") for f, g in korean]
    rest = found[1:] + western
    chance.shuffle(rest)
    return [found[0], *rest]


@cache
def projects() -> tuple[ExampleProject, ...]:
    """All projects, names unique."""
    chance = random.Random(2024)
    made: dict[str, ExampleProject] = {}
    pairs = [(team, word) for team, words in _FIRST.items() for word in words.split()]
    for last in _LAST:
        for team, word in pairs:
            if len(made) == PROJECTS:
                return tuple(made.values())
            slug = f"{word}-{last}"
            tier = chance.choices((1, 2, 3), (2, 5, 3))[0]
            title = f"{word.replace('-', ' ').capitalize()} {last}"
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
    thing = chance.choice(_OBJECTS)
    if any("가" <= c <= "힣" for c in thing):
        return f"{thing} {chance.choice(('정리', '개선', '나눠 읽기', '다시 시도', '속도 올리기'))}"
    return f"{chance.choice(_VERBS)} {thing}"
