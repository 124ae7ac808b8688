"""What can be wrong with projects and places, in a person's words."""

from __future__ import annotations

from typing import ClassVar

from podo.kernel.errors import N_, Conflict, Invalid, Missing, Refused, Unavailable


class NameInvalid(Invalid):
    """A name that no namespace can have."""

    code = "catalog.name_invalid"
    so = N_("“{name}” cannot be a name: small letters, digits and hyphens, 3 to 40, a letter first.")
    do = N_("Use “{better}”.")


class NameReserved(Invalid):
    """A name that the site needs itself."""

    code = "catalog.name_reserved"
    so = N_("“{name}” is an address of the site itself.")
    do = N_("Choose another name, such as “{better}”.")


class NameTaken(Conflict):
    """A name that a project has."""

    code = "catalog.name_taken"
    so = N_("A project is called “{name}” already.")
    do = N_("Choose another name.")


class NameLeaving(Conflict):
    """A name whose last project was deleted, and whose namespaces are still there."""

    code = "catalog.name_leaving"
    so = N_("“{name}” was deleted, and its namespace is still being removed from {clusters}.")
    do = N_("Wait until it is gone, or choose another name.")


class NamespaceForeign(Conflict):
    """A namespace of this name that is not Podo's."""

    code = "catalog.namespace_foreign"
    so = N_("{cluster} has a namespace “{project}” that Podo did not make.")
    do = N_("Choose another name, or let an SRE label it podo.dev/project={project}.")


class NamespaceLeaving(Unavailable):
    """A namespace that is deleted, and still there."""

    code = "catalog.namespace_leaving"
    so = N_("{cluster} is still removing the namespace {project}.")
    do = N_("Podo looks again by itself; objects with finalizers hold a namespace back.")


class ClusterSlow(Unavailable):
    """A cluster that takes longer than somebody waits."""

    code = "catalog.cluster_slow"
    so = N_("{cluster} did not answer within {seconds} seconds.")
    do = N_("Podo asks again by itself.")


class NoSuchProject(Missing):
    """Nobody registered it."""

    code = "catalog.no_such_project"
    so = N_("There is no project “{name}”.")
    do = N_("Check the spelling, or look for it on /projects.")


class NoSuchPlace(Missing):
    """An environment, region or cluster that nobody added."""

    code = "catalog.no_such_place"
    so = N_("There is no {what} “{name}”.")
    do = N_("Choose one of: {known}.")


class NotServed(NoSuchPlace):
    """A pair that no cluster serves."""

    code = "catalog.not_served"
    so = N_("No cluster serves {name}.")
    do = N_("Choose one of: {known}.")


class NoSuchNamespace(Missing):
    """A cluster in which the project never was."""

    code = "catalog.no_such_namespace"
    so = N_("{project} has no namespace in “{cluster}”.")
    do = N_("Choose one of the clusters on the project's settings page.")


class WrongProject(Invalid):
    """Something about a project that cannot be; `field` is the field of the form that it belongs to."""

    code = "catalog.wrong_project"
    so = N_("{field}: {why}.")
    do = N_("Correct it and send it again.")
    field: ClassVar[str] = ""


class WrongTitle(WrongProject):
    """No title, or one that is too long."""

    code = "catalog.wrong_title"
    so = N_("A title has 1 to 200 characters.")
    field = "title"


class WrongTier(WrongProject):
    """Not one of the three tiers."""

    code = "catalog.wrong_tier"
    so = N_("A tier is 1, 2 or 3.")
    field = "tier"


class WrongPort(WrongProject):
    """No port number."""

    code = "catalog.wrong_port"
    so = N_("A port is a number between 1 and 65535.")
    field = "port"


class NoRepository(WrongProject):
    """No address of a repository."""

    code = "catalog.no_repository"
    so = N_("A project needs the address of a git repository.")
    do = N_("Give an address like https://host/team/name.git or ssh://git@host/team/name.git.")
    field = "repository"


class RepositoryForbidden(Refused):
    """An address on Podo's own machine or of its cloud's metadata service, where that is not allowed."""

    code = "catalog.repository_forbidden"
    so = N_("Podo does not read repositories of its own machine: {url}.")
    do = N_("Use the address of a git server; loopback and files are for the demo alone.")


class RepositorySlow(Unavailable):
    """A repository that takes longer than somebody waits."""

    code = "catalog.repository_slow"
    so = N_("The repository {url} was not read within {seconds} seconds.")
    do = N_("Try again: what was fetched is kept. Check that its server is well.")


class WrongBranch(WrongProject):
    """A branch whose name no branch can have."""

    code = "catalog.wrong_branch"
    so = N_("“{branch}” cannot be a branch.")
    field = "branch"


class WrongDockerfile(WrongProject):
    """A path that leaves the repository, or none."""

    code = "catalog.wrong_dockerfile"
    so = N_("“{path}” is no path inside the repository.")
    do = N_("Give the Dockerfile's path from the repository's root, such as docker/Dockerfile.")
    field = "dockerfile"


class WrongSlack(WrongProject):
    """Not a channel's name."""

    code = "catalog.wrong_slack"
    so = N_("“{channel}” cannot be a Slack channel: small letters, digits, hyphens and underscores, at most 80.")
    field = "slack"


class NoTargets(WrongProject):
    """Nowhere to run."""

    code = "catalog.no_targets"
    so = N_("A project runs somewhere.")
    do = N_("Tick at least one environment and region.")
    field = "at"


class TeamEnded(WrongProject):
    """A team that is no more."""

    code = "catalog.team_ended"
    so = N_("The team {team} has ended.")
    do = N_("Choose the team that took over its work.")
    field = "team"


class WrongPlace(Invalid):
    """Something about an environment, region or cluster that cannot be; `field` is the field of the form."""

    code = "catalog.wrong_place"
    so = N_("{what} “{name}” cannot be so: {why}.")
    do = N_("Correct it and send it again.")
    field: ClassVar[str] = ""


class WrongPlaceName(WrongPlace):
    """A name that no label of Kubernetes can have."""

    code = "catalog.wrong_place_name"
    so = N_("“{name}” cannot be a name: small letters, digits and hyphens, 1 to {most}, a letter first.")
    field = "name"


class WrongEnvironment(WrongPlace):
    """Numbers beyond their bounds."""

    code = "catalog.wrong_environment"
    so = N_("Approvals are 0 to 6, a soak lasts at most a day, and the place in the order is a number.")
    field = "approvals"


class WrongRegion(WrongPlace):
    """A region without a name, or out of order."""

    code = "catalog.wrong_region"
    so = N_("A region has a name of up to 120 characters, and its place in the train is a number.")
    field = "title"


class NoSuchTimezone(WrongPlace):
    """A time zone that nobody keeps."""

    code = "catalog.no_such_timezone"
    so = N_("There is no time zone “{timezone}”.")
    do = N_("Use a name like Asia/Seoul.")
    field = "timezone"


class ServesNothing(WrongPlace):
    """A cluster without an environment."""

    code = "catalog.serves_nothing"
    so = N_("A cluster serves at least one environment.")
    field = "environments"


class NoKubeconfig(WrongPlace):
    """A cluster that nobody could reach."""

    code = "catalog.no_kubeconfig"
    so = N_("A cluster is reached by a kubeconfig, and there is none yet.")
    do = N_("Paste one with the rights of cluster-admin; it is sealed at once and never shown.")
    field = "kubeconfig"


class ServedAlready(WrongPlace):
    """A pair that another cluster serves."""

    code = "catalog.served_already"
    so = N_("{other} serves {pairs} already.")
    do = N_("A pair of environment and region has one cluster: take it from {other} first.")
    field = "environments"


class PlaceInUse(Conflict):
    """A place that cannot be removed while something is there."""

    code = "catalog.place_in_use"
    so = N_("{name} cannot be removed: {users} still use it.")
    do = N_("Move them elsewhere first.")


class Deployed(Conflict):
    """A project that cannot be deleted any more."""

    code = "catalog.deployed"
    so = N_("{project} cannot be deleted: {why}.")
    do = N_("A project that has run is retired instead, so that its history stays.")


class NotTyped(Invalid):
    """The name was not typed."""

    code = "catalog.not_typed"
    so = N_("The name that was typed is not “{project}”.")
    do = N_("Type the project's name to delete it.")


class BadQuery(Invalid):
    """A filter of projects with a word that means nothing."""

    code = "catalog.bad_query"
    so = N_("“{word}” means nothing in this filter.")
    do = N_("Use team:, env:, region:, tier:, lifecycle:, level:, is:mine, is:retired and parts of a name.")
