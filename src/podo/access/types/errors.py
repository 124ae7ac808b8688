"""What is refused, and what to do then."""

from __future__ import annotations

from podo.kernel.errors import N_, Conflict, Invalid, Missing, Refused, TooMany, Translate


class NotAllowed(Refused):
    """The policies do not allow it; `policies` are the names and sentences of those that decided, `could` who could do it."""

    code = "access.not_allowed"
    so = N_("You may not: {doc}. {policy}")
    do = N_("Ask {could}. /-/why shows every policy and what it looks at.")

    def said(self, translate: Translate = str) -> tuple[str, str]:
        """The two sentences, the parts of ours within them translated, too."""
        decided = " ".join(f"{translate(about)} ({name})" for name, about in self.data["policies"])
        parts = {"doc": translate(self.data["doc"]), "could": translate(self.data["could"])}
        parts["policy"] = decided or translate(N_("No policy allows it."))
        return translate(self.so).format(**parts), translate(self.do).format(**parts)


class NoSuchPerson(Missing):
    """The directory has no such person."""

    code = "access.no_such_person"
    so = N_("There is nobody with the id “{name}”.")
    do = N_("Look for the person by name on /people.")


class NoSuchTeam(Missing):
    """The directory has no such team."""

    code = "access.no_such_team"
    so = N_("There is no team “{name}”.")
    do = N_("Look for the team on /teams.")


class NoSuchTheme(Invalid):
    """A look of the site that there is not."""

    code = "access.no_such_theme"
    so = N_("There is no theme “{theme}”.")
    do = N_("Choose one of: {known}.")


class NoSuchRole(Invalid):
    """A role that nobody can have."""

    code = "access.no_such_role"
    so = N_("There is no role “{role}”.")
    do = N_("Choose one of: {known}.")


class NoSuchPermission(Missing):
    """A permission that no part of Podo asks for."""

    code = "access.no_such_permission"
    so = N_("There is no permission “{name}”.")
    do = N_("`podo permissions` lists all of them.")


class LinkSpent(Refused):
    """A sign-in link that was used, is too old, or never was."""

    code = "access.link_spent"
    so = N_("This sign-in link was used already, or is too old.")
    do = N_("Ask for a new one on the sign-in page.")


class TooManySignIns(TooMany):
    """Somebody asks for sign-in links too often."""

    code = "access.too_many_sign_ins"
    so = N_("Too many sign-ins were tried from here.")


class NoDemo(Refused):
    """Signing in by picking a person is for demos alone."""

    code = "access.no_demo"
    so = N_("Nobody signs in by picking a name here.")
    do = N_("Ask for a sign-in link by e-mail.")


class WrongToken(Invalid):
    """What was asked of a token cannot be."""

    code = "access.wrong_token"
    so = N_("This token cannot be made: {why}.")
    do = N_("Correct it and send it again.")


class NoSuchToken(Missing):
    """The person has no such token or session."""

    code = "access.no_such_token"
    so = N_("You have no {what} “{name}”.")
    do = N_("It may have ended already; look at the list.")


class WouldRemoveTooMany(Conflict):
    """A directory that lacks too many of the people and teams that we know."""

    code = "access.would_remove_too_many"
    so = N_("This directory lacks {share} of the people and teams that Podo knows; at most {limit} may go at once.")
    do = N_("Check the feed. If it is right, sync again with a higher limit.")


class NoDirectory(Conflict):
    """Podo was told of no directory."""

    code = "access.no_directory"
    so = N_("No directory is configured.")
    do = N_("Set access.directory to a file of people and teams, and start Podo again.")


class WrongDirectory(Invalid):
    """A directory file that contradicts itself."""

    code = "access.wrong_directory"
    so = N_("The directory cannot be taken: {why}.")
    do = N_("Correct the file; nothing was changed.")
