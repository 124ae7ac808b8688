"""What can be said no to, and why."""

from __future__ import annotations

from podo.kernel.errors import N_, Conflict, Invalid, Missing, Refused, Unavailable


class NoSuchBuild(Missing):
    """The project has no such build."""

    code = "delivery.no_such_build"
    so = N_("{project} has no build #{number}.")
    do = N_("Look at the project's builds.")


class NoSuchDeployment(Missing):
    """The project has no such deployment."""

    code = "delivery.no_such_deployment"
    so = N_("{project} has no deployment #{number}.")
    do = N_("Look at the project's deployments.")


class NoSuchRollout(Missing):
    """The deployment does not go there."""

    code = "delivery.no_such_rollout"
    so = N_("Deployment #{number} of {project} does not go to {region}.")
    do = N_("Its regions are: {regions}.")


class NoSuchRelease(Missing):
    """There is no such release."""

    code = "delivery.no_such_release"
    so = N_("{project} has no release {release}.")
    do = N_("Deploy a build, and it is sealed into a release.")


class NothingToDeploy(Conflict):
    """The build has no image."""

    code = "delivery.nothing_to_deploy"
    so = N_("Build #{number} of {project} is {state}: it has no image to deploy.")
    do = N_("Choose a build that succeeded, or build the commit again.")


class NothingBuilt(Conflict):
    """No build of the project has an image."""

    code = "delivery.nothing_built"
    so = N_("{project} has no image yet.")
    do = N_("Build a commit first: podo build {project}.")


class NotBuildable(Refused):
    """Podo does not build this here."""

    code = "delivery.not_buildable"
    so = N_("{project} cannot be built here: {why}.")
    do = N_("An administrator can allow it with delivery.build_on_host and delivery.trusted, for repositories that are trusted.")


class NoDockerfile(Invalid):
    """The commit has no Dockerfile where the project says."""

    code = "delivery.no_dockerfile"
    so = N_("Commit {commit} has no {path}.")
    do = N_("Add one, or say in Settings where it is.")


class PodoYamlInvalid(Invalid):
    """A podo.yaml that cannot be taken. `line` is 0 where no line can be named."""

    code = "delivery.podo_yaml"
    so = N_("podo.yaml, line {line}: {why}.")
    do = N_("Correct the line and push again; docs/reference/podo-yaml.md lists every key.")


class ConfigInvalid(Invalid):
    """A key or value that cannot be an environment variable."""

    code = "delivery.config_invalid"
    so = N_("“{key}” cannot be set: {why}.")
    do = N_("Correct it and send it again; nothing was changed.")


class NoSuchKey(Missing):
    """Nothing is set under this key there."""

    code = "delivery.no_such_key"
    so = N_("{project} has no {kind} “{key}” for {scope}.")
    do = N_("Look at the list in Settings; it may be set for another environment or region.")


class NoTargets(Invalid):
    """Nowhere to deploy to."""

    code = "delivery.no_targets"
    so = N_("{project} does not run in {environment} {region}.")
    do = N_("Choose among its targets, or add one in Settings: {known}.")


class AlphaMissing(Conflict):
    """The environment before has not seen this image and chart healthy."""

    code = "delivery.alpha_missing"
    so = N_("{environment} takes only what was healthy in {before}: {commit} with this chart was not.")
    do = N_("Deploy it to {before} first; when it is healthy there, ask again.")


class NothingChosen(Invalid):
    """A decision on no region at all."""

    code = "delivery.nothing_chosen"
    so = N_("No region was chosen.")
    do = N_("Choose at least one of: {regions}.")


class ReleaseChanged(Conflict):
    """The release is not the one that was looked at."""

    code = "delivery.release_changed"
    so = N_("The release for {region} has changed since you looked at it.")
    do = N_("Look at its changes and decide anew; your decision was not taken.")


class NotOpen(Conflict):
    """The rollout has gone on or ended."""

    code = "delivery.not_open"
    so = N_("{region} is {state}: there is nothing to {verb}.")
    do = N_("Open the deployment again to see where it stands.")


class BuildOver(Conflict):
    """The build has ended."""

    code = "delivery.build_over"
    so = N_("The build is {state}: it cannot be cancelled or go on.")
    do = N_("Look at its log, or build the commit again.")


class NothingToGoBackTo(Conflict):
    """Nothing else was ever healthy there."""

    code = "delivery.nothing_to_go_back_to"
    so = N_("Nothing else was healthy in {environment} {region} before #{number}.")
    do = N_("Deploy a build that is known to be good.")


class ConfigMoved(Conflict):
    """Configuration changed while the release was being sealed."""

    code = "delivery.config_moved"
    so = N_("The configuration of {project} changed while the release was being sealed.")
    do = N_("Ask again; nothing was deployed.")


class Overtaken(Conflict):
    """A run that is not the newest of its rollout wanted to write."""

    code = "delivery.overtaken"
    so = N_("Another run has taken over this rollout.")
    do = N_("Nothing needs to be done; the newer run goes on.")


class BadQuery(Invalid):
    """A word of the query that means nothing here."""

    code = "delivery.bad_query"
    so = N_("“{word}” is not something to look for here: {why}.")
    do = N_("Use env:prod region:kr is:failed author:@me since:7d, or words of a title.")


class ValueInvalid(Invalid):
    """A value that the paved-road chart does not take."""

    code = "delivery.value_invalid"
    so = N_("{path} cannot be so: {why}.")
    do = N_("docs/reference/podo-yaml.md lists every value and what it takes.")


class WebhookForged(Refused):
    """A webhook whose signature does not fit."""

    code = "delivery.webhook_forged"
    so = N_("The signature of this webhook does not fit.")
    do = N_("Set the same secret in the repository's webhook and in Podo (delivery.webhook_secret).")


class WebhookUnreadable(Invalid):
    """A webhook that cannot be read."""

    code = "delivery.webhook_unreadable"
    so = N_("This webhook cannot be read: {why}.")
    do = N_("Send pushes as JSON.")


class TargetGone(Conflict):
    """The namespace is not there (yet)."""

    code = "delivery.target_gone"
    so = N_("{cluster} has no namespace {project}.")
    do = N_("Its state is in Settings; it is made as soon as the cluster answers.")


class BuildsElsewhere(Unavailable):
    """No place to build now."""

    code = "delivery.builder_unavailable"
    so = N_("{what} does not build now: {why}.")
