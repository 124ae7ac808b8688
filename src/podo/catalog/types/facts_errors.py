"""What can be wrong with a project's facts, its retirement, scorecards, and with what is imported."""

from __future__ import annotations

from podo.catalog.types.errors import BadQuery, WrongProject
from podo.kernel.errors import N_, Conflict, Invalid, Missing


class WrongFacts(WrongProject):
    """A fact that cannot be so; the data names its field."""

    code = "catalog.wrong_facts"
    so = N_("{what}: {why}.")


class NoSuchChange(Missing):
    """A change of a project's facts that there is not."""

    code = "catalog.no_such_change"
    so = N_("There is no such change of {project}.")
    do = N_("Choose one of those that its settings page lists.")


class ChangedSince(Conflict):
    """What a change said was changed again since."""

    code = "catalog.changed_since"
    so = N_("{fields} of {project} was changed again since.")
    do = N_("Take the newer change back first, or write what should stand there.")


class Retired(Conflict):
    """A project that is retired."""

    code = "catalog.retired"
    so = N_("{project} is retired.")
    do = N_("Bring it back in its settings first.")


class NotRetired(Conflict):
    """A project that lives."""

    code = "catalog.not_retired"
    so = N_("{project} is not retired.")
    do = N_("There is nothing to bring back.")


class StillNeeded(Conflict):
    """A project that cannot be retired now."""

    code = "catalog.still_needed"
    so = N_("{project} cannot be retired: {why}.")
    do = N_("End that first, then retire it.")


class RetiredForGood(Conflict):
    """A project whose time to come back is over."""

    code = "catalog.retired_for_good"
    so = N_("{project} was retired more than {days} days ago, and its namespaces are removed.")
    do = N_("Register a new project; the history of this one stays.")


class LacksRepository(Conflict):
    """A project that came without a repository, and is to be built."""

    code = "catalog.lacks_repository"
    so = N_("{project} has no repository yet.")
    do = N_("Give its address in the project's settings, under Repository.")


class WrongRule(Invalid):
    """A scorecard's rule that cannot be so; `field` in the data is the field of the form."""

    code = "catalog.wrong_rule"
    so = N_("{what}: {why}{word}.")
    do = N_("Correct it and send it again; the page lists the words that a rule may use.")


class NoSuchRule(Missing):
    """A rule that there is not."""

    code = "catalog.no_such_rule"
    so = N_("There is no rule “{name}”.")
    do = N_("Choose one of those on /scorecards/rules.")


class Unreadable(Invalid):
    """A text to import that cannot be read as a whole."""

    code = "catalog.unreadable"
    so = N_("This cannot be read: {why}.")
    do = N_("Nothing was taken. Correct it and send it again.")


class PlanMoved(Conflict):
    """Something changed between looking and taking."""

    code = "catalog.plan_moved"
    so = N_("What this import would do has changed since it was shown.")
    do = N_("Look at it again, then take it.")


class NothingToTake(Conflict):
    """An import that would change nothing."""

    code = "catalog.nothing_to_take"
    so = N_("Nothing in it is new.")
    do = N_("There is nothing to do.")


class BadScoreQuery(BadQuery):
    """A filter of scorecards with a word that means nothing."""

    code = "catalog.bad_score_query"
    do = N_("Use team:, tier:, level:, fails:, is:mine and parts of a name.")
