"""The evidence ladder, from values alone: what tags say, who is ranked first, what is certain, and what never is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from podo.catalog.rules import asset_queries, court, evidence
from podo.catalog.rules.court import Creator, Hearing, Neighbours
from podo.catalog.rules.evidence import Link, Register, Said
from podo.catalog.types import (
    AssetQuery,
    BadQuery,
    Candidate,
    Clue,
    ClueKind,
    DeedKind,
    Proof,
    Provider,
    Trouble,
    WrongAssetQuery,
)

KNOWN = Register(
    projects={"chat-api", "feed"},
    retired={"old-api"},
    teams={"team-2": True, "team-9": False, "Team-X": True},
    namespaces={("prod-kr", "chat-api")},
)


def said(**tags: str) -> Said:
    """What an asset with these tags says; `_` in a key is a hyphen."""
    return evidence.said("jobs", {key.replace("_", "-"): value for key, value in tags.items()})


def test_an_owner_follows_from_exact_ids_alone() -> None:
    def link(provider: Provider = Provider.aws, **tags: str) -> Link:
        return evidence.link(said(**tags), KNOWN, provider)

    assert link(podo_project="chat-api") == Link(project="chat-api", proof=Proof.tag)
    assert link(podo_project="CHAT-API ") == Link(project="chat-api", proof=Proof.tag)
    assert link(podo_project="gone", podo_team="team-2") == Link(team="team-2", proof=Proof.tag)
    assert link(cluster="prod-kr", namespace="chat-api") == Link(project="chat-api", proof=Proof.cluster)
    assert link(cluster="foreign", namespace="chat-api") == Link(trouble=Trouble.untagged)
    assert link(podo_team="team-9") == Link(trouble=Trouble.dead)
    assert link(podo_project="old-api") == Link(trouble=Trouble.dead)
    assert link(podo_team="Chat") == Link(trouble=Trouble.unknown)
    assert link(podo_team="team-x") == Link(trouble=Trouble.unknown), "AWS keeps capitals, so they say something"
    assert link(Provider.gcp, podo_team="team-x") == Link(team="Team-X", proof=Proof.tag)
    assert link() == Link(trouble=Trouble.untagged)


def test_tags_are_read_whatever_their_case_and_the_exact_spelling_counts_first() -> None:
    both = evidence.said("x", {"Podo_Project": "feed", "podo-project": "chat-api"})
    assert both.project == "chat-api"
    tags = {"kubernetes.io/cluster/prod-kr": "owned", "kubernetes.io/created-for/pvc/namespace": "Chat-API"}
    assert (evidence.said("x", tags).cluster, evidence.said("x", tags).namespace) == ("prod-kr", "chat-api")
    assert evidence.prefix("chat-api-sessions-0") == evidence.prefix("Chat_API_jobs") == "chat-api"
    assert evidence.prefix("chat-api") == evidence.prefix("jobs") == ""


def test_candidates_are_ranked_with_their_reasons_and_doubts_multiply() -> None:
    hearing = Hearing(
        said=Said(namespace="feed", creator="haneul@podo.example"),
        tags={"owner": "Chat", "service": "chat-api"},
        projects={"chat-api", "feed"},
        by_name={"chat": "team:team-2", "chat-api": "project:chat-api"},
        record="team:team-3",
        creator=Creator("김하늘", active=True, teams=["team-2"]),
        neighbours={
            ClueKind.stack: Neighbours("chat-infra", {"project:chat-api": 3, "project:feed": 1}),
            ClueKind.network: Neighbours("vpc-1", {"project:feed": 1}),
        },
    )
    ranked = court.ranked(hearing)
    assert [(c.owner, c.confidence, [k.kind for k in c.clues]) for c in ranked] == [
        ("project:chat-api", 0.92, [ClueKind.tag, ClueKind.stack]),
        ("team:team-2", 0.92, [ClueKind.tag, ClueKind.creator]),
        ("team:team-3", 0.9, [ClueKind.record]),
        ("project:feed", 0.85, [ClueKind.namespace]),
    ]
    assert ranked[0].clues[1] == Clue(ClueKind.stack, "chat-infra", 0.6, 3, 4)
    assert court.is_decided(ranked, 1.0) is None
    assert court.is_decided(ranked, 0.92) is None, "two are as sure"
    assert court.is_decided(ranked[:1], 0.9) == ranked[0]


def test_people_who_worked_for_a_project_that_is_no_more_speak_for_their_teams() -> None:
    deeds = {DeedKind.committed: {"t-1": 3, "t-2": 1}, DeedKind.deployed: {"t-2": 2}, DeedKind.did: {"t-3": 9}}
    found = court.ranked(Hearing(said(podo_project="old-api"), {}, former="old-api", deeds=deeds))
    assert [(c.owner, c.confidence, [(k.kind, k.count, k.of) for k in c.clues]) for c in found] == [
        ("team:t-2", 0.57, [(ClueKind.deployed, 2, 2), (ClueKind.committed, 1, 4)]),
        ("team:t-1", 0.41, [(ClueKind.committed, 3, 4)]),
    ]


def test_only_a_recorded_successor_is_certain() -> None:
    merged = Hearing(Said(team="team-9"), {}, heirs=["team-2"])
    assert [(c.owner, c.confidence) for c in court.ranked(merged)] == [("team:team-2", 1.0)]
    split = Hearing(Said(team="team-9"), {}, heirs=["team-2", "team-3"])
    assert [c.confidence for c in court.ranked(split)] == [0.5, 0.5]
    assert court.is_decided(court.ranked(split), 1.0) is None


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=8))
def test_clues_together_are_surer_than_each_and_never_certain(alone: list[float]) -> None:
    found = court.together([Clue(ClueKind.tag, str(n), c) for n, c in enumerate(alone)])
    assert round(max(alone), 2) - 0.01 <= found <= court.MOST_SURE


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=6), st.text(max_size=40))
def test_whatever_tags_say_is_read(tags: dict[str, str], name: str) -> None:
    what = evidence.said(name, tags, "someone")
    assert evidence.link(what, KNOWN, Provider.aws).trouble is not None or what.project or what.team or what.namespace
    assert all(isinstance(c, Candidate) for c in court.ranked(Hearing(what, tags)))


def test_creators_are_known_by_what_stands_in_an_arn() -> None:
    arn = "arn:aws:sts::1:assumed-role/engineer/haneul@podo.example"
    assert court.creator_names(arn) == ("haneul@podo.example",)
    assert court.creator_names("IAMUser:AIDA:haneul") == ("haneul",)
    assert court.creator_names("") == ()


def test_filters_are_read_as_people_write_them() -> None:
    read = asset_queries.asset_query("team:chat below:yes state:orphan kind:rds:db tag:env=prod arn:aws:sqs:x refund")
    assert read == AssetQuery(text="arn:aws:sqs:x refund", team="chat", below=True, state="orphan", kind="rds:db", tag="env=prod")
    assert asset_queries.tag_of('e"nv=a=b') == ("env", "a=b")
    assert asset_queries.below("a", {"a": None, "b": "a", "c": "b", "d": None}) == {"a", "b", "c"}
    for wrong, error in (("colour:red", BadQuery), ("state:lost", WrongAssetQuery), ("team:", BadQuery)):
        try:
            asset_queries.asset_query(wrong)
        except error:
            continue
        raise AssertionError(wrong)
