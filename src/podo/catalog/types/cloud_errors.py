"""What can be wrong with accounts of clouds and plans of tags, in a person's words."""

from __future__ import annotations

from typing import ClassVar

from podo.kernel.errors import N_, Conflict, Invalid, Missing


class WrongAccount(Invalid):
    """Something about an account that cannot be; `field` is the field of the form."""

    code = "catalog.wrong_account"
    so = N_("“{name}” cannot be an account of {provider}.")
    do = N_("An account of AWS has 12 digits; a project of GCP has 6 to 30 small letters, digits and hyphens.")
    field: ClassVar[str] = "id"


class WrongAccountName(WrongAccount):
    """No name, or one that is too long."""

    code = "catalog.wrong_account_name"
    so = N_("The name of an account has 1 to 120 characters.")
    do = N_("Give it a name that people know it by.")
    field = "name"


class WrongAccountRegions(WrongAccount):
    """Regions that AWS does not have, or none."""

    code = "catalog.wrong_account_regions"
    so = N_("“{name}” cannot be the regions of an account.")
    do = N_("Give at least one region of AWS, such as ap-northeast-2; projects of GCP need none.")
    field = "regions"


class WrongRole(WrongAccount):
    """Not a role's ARN."""

    code = "catalog.wrong_role"
    so = N_("“{name}” is no ARN of a role.")
    do = N_("Give an ARN like arn:aws:iam::123456789012:role/podo, or none.")
    field = "role"


class NoSuchAccount(Missing):
    """An account that nobody added."""

    code = "catalog.no_such_account"
    so = N_("There is no account “{name}” of {provider}.")
    do = N_("podo account list shows those that were added.")


class AccountInUse(Conflict):
    """An account in which assets are known."""

    code = "catalog.account_in_use"
    so = N_("{name} cannot be removed: a plan of tags is being applied to it.")
    do = N_("Pause the plan first, or wait until it is done.")


class CursorLost(Conflict):
    """A listing that has to begin anew: the cloud keeps its place for some minutes only."""

    code = "catalog.cursor_lost"
    so = N_("The cloud has forgotten where the list {source} was.")
    do = N_("Podo begins the list again by itself.")


class NoSuchPlan(Missing):
    """A plan that nobody made."""

    code = "catalog.no_such_plan"
    so = N_("There is no plan of tags “{name}”.")
    do = N_("podo tags list shows the plans.")


class PlanNotSo(Conflict):
    """A plan that is not in the state that this needs."""

    code = "catalog.plan_not_so"
    so = N_("The plan is {state}: it cannot be {wanted}.")
    do = N_("Look at it again; make a new plan if this one is over.")


class PlanUnderWay(Conflict):
    """One plan at a time is applied."""

    code = "catalog.plan_under_way"
    so = N_("Another plan of tags, {plan}, is being applied.")
    do = N_("Wait until it is done, or pause it.")


class NothingToTag(Conflict):
    """A plan in which nothing would change."""

    code = "catalog.nothing_to_tag"
    so = N_("Every asset that can be tagged bears its tags already.")
    do = N_("There is nothing to do.")
