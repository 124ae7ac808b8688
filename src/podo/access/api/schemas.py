"""What Podo's SCIM server speaks of: users, groups, our two extensions, and what it can do.

Of a user only what Podo needs is declared; what else a client sends is passed over, and kept nowhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Union

from pydantic import Field
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    Email,
    ETag,
    Extension,
    Filter,
    Group,
    ListResponse,
    Meta,
    Mutability,
    Name,
    Patch,
    PatchOp,
    Reference,
    Required,
    Resource,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    SearchRequest,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

from podo.access.types import Entry, EntryKind
from podo.kernel import ids

MOST = 1000
_MOMENT = "A moment by RFC 3339, such as 2027-01-01T00:00:00Z."
# What a moment looks like: the protocol's own dateTime would be told from its text, and clients compare what they wrote.
_MOMENTS = ["2026-01-01T00:00:00Z"]


class Person(Extension):
    """What Podo knows of a person beyond the core."""

    __schema__ = URN("urn:podo:scim:schemas:extension:person:1.0:User")

    valid_to: str | None = Field(None, description=f"When the person leaves. {_MOMENT}", examples=["2099-01-01T00:00:00Z"])


class User(Resource[Any]):
    """Somebody of the directory."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = Field(None, description="The name to sign in with.")
    name: Name | None = Field(None, description="The name in its parts.")
    display_name: str | None = Field(None, description="The name as people see it.")
    title: str | None = Field(None, description="What the person does, such as Site Reliability Engineer.")
    preferred_language: str | None = Field(None, description="The language of the site: ko or en.")
    active: bool | None = Field(None, description="Whether the person is here; one who is not may do nothing.")
    emails: list[Email] | None = Field(None, description="Addresses; the primary one counts.")


class Whom(ComplexAttribute):
    """Somebody."""

    value: Annotated[str | None, CaseExact.true] = Field(None, description="The id of a user.")
    ref: Annotated[Reference[User] | None, Mutability.read_write] = Field(
        None, serialization_alias="$ref", validation_alias="$ref", description="Its address."
    )
    display: str | None = Field(None, description="Its name.")


class Which(ComplexAttribute):
    """A team."""

    value: Annotated[str | None, CaseExact.true] = Field(None, description="The id of a group.")
    ref: Annotated[Reference[Group] | None, Mutability.read_write] = Field(
        None, serialization_alias="$ref", validation_alias="$ref", description="Its address."
    )
    display: str | None = Field(None, description="Its name.")


class Team(Extension):
    """What makes a group a team: where it stands, from when to when, and what it became."""

    __schema__ = URN("urn:podo:scim:schemas:extension:team:1.0:Group")

    handle: Annotated[str | None, CaseExact.true] = Field(None, description="Its address in Podo; made of the name without it.")
    parent: Which | None = Field(None, description="The team above.")
    valid_from: str | None = Field(None, description=f"When it begins. {_MOMENT}", examples=_MOMENTS)
    valid_to: str | None = Field(None, description=f"When it ends, or ended. {_MOMENT}", examples=["2026-06-30T15:00:00Z"])
    successors: list[Which] | None = Field(None, description="The teams that it became: one for a merger, several for a split.")
    slack: str | None = Field(None, description="Its Slack channel.")
    leads: list[Whom] | None = Field(None, description="Its leads; they are members, too.")


# Classes made of classes at the start: no checker follows.
_user: Any = User
_group: Any = Group
MODELS: dict[EntryKind, type[Resource[Any]]] = {EntryKind.user: _user[Person], EntryKind.group: _group[Team]}
CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MOST),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="Token of Podo",
            description="A token with the scope access.sync; an administrator makes one at /settings/tokens.",
            primary=True,
        )
    ],
)
# As Microsoft Entra sends it; and what a client says beyond what we declare is none of our business.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
PROVIDER = ScimProvider(
    models=[User, Person, Group, Team],
    resource_types=[ResourceType.from_resource(model) for model in MODELS.values()],
    config=CONFIG,
    policy=POLICY,
)
SCHEMAS = frozenset(str(model.__schema__) for model in (User, Person, Group, Team))
PATCHES = {kind: PatchOp[model] for kind, model in MODELS.items()}
SEARCHES = {kind: SearchRequest[model] for kind, model in MODELS.items()}
_list: Any = ListResponse
LISTS: Any = _list[Union[tuple(MODELS.values())]]  # noqa: UP007 - a union made of values


def version_of(entry: Entry) -> str:
    """The weak ETag of what an entry says."""
    return f'W/"{ids.digest(dict(entry.document))[:20]}"'


def resource_of(entry: Entry, base: str) -> Resource[Any]:
    """An entry as it is sent, `base` being the address of the server."""
    found = MODELS[entry.kind].model_validate(dict(entry.document))
    found.id = entry.id
    made: datetime | None = entry.made_at
    found.meta = Meta(
        resource_type=entry.kind.value,
        created=made,
        last_modified=entry.changed_at,
        location=f"{base}/{entry.kind.value}s/{entry.id}",
        version=version_of(entry),
    )
    return found


def document_of(resource: Resource[Any]) -> dict[str, Any]:
    """What is kept of what a client wrote: neither `id` nor `meta`, which are ours."""
    found = resource.model_dump()
    found["schemas"] = [s for s in found["schemas"] if s in SCHEMAS]
    return {k: v for k, v in found.items() if k not in ("id", "meta") and v is not None}
