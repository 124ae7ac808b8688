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


class NoSuchIssuer(Missing):
    """An issuer that no setting names."""

    code = "access.no_such_issuer"
    so = N_("Nobody signs in with “{name}” here.")
    do = N_("Go back to the sign-in page; it shows the ways in.")


class WrongIssuer(Invalid):
    """The settings of an issuer cannot be used."""

    code = "access.wrong_issuer"
    so = N_("access.issuers.{name} cannot be used: {why}.")
    do = N_("Correct it and start Podo again; docs/sign-in.md shows an example.")


class NoWayIn(Invalid):
    """The settings leave nobody a way to sign in."""

    code = "access.no_way_in"
    so = N_("access.links is off, and there is no issuer: nobody could sign in.")
    do = N_("Name an issuer under access.issuers, or switch access.links on.")


class NoLinks(Refused):
    """Links by e-mail are switched off."""

    code = "access.no_links"
    so = N_("Nobody signs in by e-mail here.")
    do = N_("Choose one of the buttons on the sign-in page.")


class NotSigned(Refused):
    """An issuer sent somebody back without signing them in; `error` is its word for why."""

    code = "access.not_signed"
    so = N_("{issuer} did not sign you in ({error}).")
    do = N_("Begin again on the sign-in page. If it stays so, ask who looks after {issuer}.")


class SignInLost(Refused):
    """What came back from an issuer belongs to no sign-in that this browser began a short time ago."""

    code = "access.sign_in_lost"
    so = N_("This sign-in was not begun in this browser, was ended already, or is too old.")
    do = N_("Begin again on the sign-in page, and stay in one browser.")


class NotKnown(Refused):
    """The issuer knows somebody whom Podo does not."""

    code = "access.not_known"
    so = N_("{issuer} says you are {email}, and Podo knows nobody with this address.")
    do = N_("Ask an administrator to put you into the directory.")


class NotVerified(Refused):
    """The issuer does not vouch for the address."""

    code = "access.not_verified"
    so = N_("{issuer} does not say that the address “{email}” is yours.")
    do = N_("Confirm your address there, and sign in again.")


class OtherDomain(Refused):
    """The address is of a domain that is not let in."""

    code = "access.other_domain"
    so = N_("The address “{email}” is of a domain that may not sign in with {issuer}.")
    do = N_("Sign in with the account of your organisation.")


class OtherAccount(Conflict):
    """The person has another account with this issuer already."""

    code = "access.other_account"
    so = N_("{name} has signed in with another account of {issuer} before.")
    do = N_("Sign in with that one. If it is gone, an administrator takes it off your page under /people.")


class HasLeft(Refused):
    """The person is no longer in the directory."""

    code = "access.has_left"
    so = N_("{name} has left, and cannot sign in.")
    do = N_("If that is wrong, an administrator or the directory must say so.")


class OfDirectory(Conflict):
    """The person comes from the directory, which alone lets people out and in."""

    code = "access.of_directory"
    so = N_("{name} comes from the directory, which says who is here.")
    do = N_("Change it there. To end what is open now, end all sessions and tokens.")


class OfGroups(Conflict):
    """A role follows from an issuer's groups, and cannot be taken by hand."""

    code = "access.of_groups"
    so = N_("{name} has the role {role} by the groups of {issuer}.")
    do = N_("Take the person out of the group there; the next sign-in takes the role.")


class NoSuchAccount(Missing):
    """The person has no such account with an issuer."""

    code = "access.no_such_account"
    so = N_("{name} has no account “{account}”.")
    do = N_("It may have been taken off already; look at the list.")


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


class NotSuccession(Invalid):
    """What is said to have become of a team cannot be."""

    code = "access.not_succession"
    so = N_("{team} cannot become so: {why}.")
    do = N_("Correct it; nothing was changed.")


class NoSuchSuccession(Missing):
    """Nothing of that id became of a team."""

    code = "access.no_such_succession"
    so = N_("There is no record “{name}” of what became of a team.")
    do = N_("Look at the team's page; it shows all of them.")


class NotUndone(Conflict):
    """What became of a team cannot be taken back any more."""

    code = "access.not_undone"
    so = N_("This cannot be taken back: {why}.")
    do = N_("Record what is so now: rename, move, merge, split or dissolve the team as it stands.")


class NoSuchDraft(Missing):
    """There is no such draft of a chart."""

    code = "access.no_such_draft"
    so = N_("There is no draft “{name}”.")
    do = N_("Look at the drafts on /teams/drafts.")


class NoSuchEntry(Missing):
    """A pushed directory has no such user or group."""

    code = "access.no_such_entry"
    so = N_("The directory has no {kind} “{name}”.")
    do = N_("Look for it by userName, displayName or externalId.")


class NameTaken(Conflict):
    """Another user has this userName."""

    code = "access.name_taken"
    so = N_("Another {kind} is called “{name}”.")
    do = N_("Look for it by that name, and change it instead.")


class Pulled(Conflict):
    """People and teams are read from elsewhere, which would undo what is pushed."""

    code = "access.pulled"
    so = N_("Podo reads people and teams from a directory; what is pushed would be undone by its next reading.")
    do = N_("Push into a draft, or take access.directory out of the settings.")


class DraftClosed(Conflict):
    """A draft that was taken over or thrown away."""

    code = "access.draft_closed"
    so = N_("The draft “{name}” is closed.")
    do = N_("Make a new one.")


class WrongDraft(Invalid):
    """What was asked of a draft cannot be."""

    code = "access.wrong_draft"
    so = N_("This draft cannot be made: {why}.")
    do = N_("Correct it and send it again.")


class NoSuchRemoval(Missing):
    """Nothing of that id waits."""

    code = "access.no_such_removal"
    so = N_("No removal “{name}” waits.")
    do = N_("Somebody may have decided already; look at the directory page.")
