"""A list of people against the address book: what each line would do, and doing all of it at once.

Judging reads only, so a page may show it as often as it likes; saving judges anew, and writes in one transaction. A list that was saved
already changes nothing.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from reports import quotas
from reports.address_book.addresses import clean_address, refuse_foreign_domain
from reports.address_book.lists import Line
from reports.address_book.references import reference
from reports.address_book.words import NAME_LENGTH, language_fault, name_fault
from reports.erasing.hashing import recall
from reports.models import GroupMember, Recipient, RecipientGroup, Suppression
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant

# Each is compared with every group's name, which takes long: more than so many different slips are not a slip.
MOST_GUESSES = 20
# What a list may call a language, in English and in German.
LANGUAGE_WORDS = {"english": "en", "englisch": "en", "german": "de", "deutsch": "de"}


class Result(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


@dataclass(frozen=True)
class Judged:
    """`line` in our own spelling where it could be read; `faults`: by field, what to change there; `changes`: names of what changes."""

    line: Line
    result: Result
    faults: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    stopped: bool = False


@dataclass(frozen=True)
class Saved:
    added: int
    changed: int
    left_out: int


def judge(tenant: Tenant, lines: Iterable[Line]) -> list[Judged]:
    """In the tenant's scope. Five statements, however long the list is."""
    return _Book(tenant, lines).judged()


def save(tenant: Tenant, actor: Actor, lines: Iterable[Line], *, leave_out: bool, source: str = "", now: datetime) -> Saved:
    """All or nothing. `leave_out`: lines that are wrong are passed over; else one of them refuses the list. `source`: the file's name."""
    with transaction.atomic():
        judged = judge(quotas.hold(tenant), lines)
        if not leave_out:
            refuse_wrong(judged)
        count = Counter(one.result for one in judged)
        added, changed = ([one for one in judged if one.result == result] for result in (Result.NEW, Result.CHANGED))
        if added or changed:
            people = _write(tenant, added, changed)
            told = {
                "file": source,
                "added": [people[one.line.email] for one in added],
                "changed": [people[one.line.email] for one in changed],
            }
            record(actor, "recipients.uploaded", now=now, tenant=tenant, after=told)
    return Saved(len(added), len(changed), count[Result.WRONG])


def refuse_wrong(judged: list[Judged]) -> None:
    """Raises Refused("bad_lines") with a place for each fault: `lines`, the number of the line, and the field."""
    if places := tuple(_places(judged)):
        raise Refused("bad_lines", _("Some lines need a change. Correct them, or leave them out."), places)


def _places(judged: list[Judged]) -> Iterable[Place]:
    for one in judged:
        for name, fault in one.faults.items():
            yield Place(("lines", str(one.line.number), name), "invalid", fault)


def _write(tenant: Tenant, added: list[Judged], changed: list[Judged]) -> dict[str, str]:
    """What the audit trail calls them, by their addresses."""
    rows = [Recipient(tenant=tenant, email=one.line.email, name=one.line.name, language=one.line.language) for one in added]
    # Somebody else may add the same person at this moment: then they are there, and join the groups.
    Recipient.objects.bulk_create(rows, ignore_conflicts=True)
    recall(tenant, [row.email for row in rows])
    judged = {one.line.email: one for one in [*added, *changed]}
    people = list(Recipient.objects.for_tenant(tenant).filter(email__in=judged))
    for person in people:
        line = judged[person.email].line
        person.name, person.language = line.name or person.name, line.language or person.language
    Recipient.objects.bulk_update(people, ["name", "language"], batch_size=1000)
    groups = {group.name: group for group in RecipientGroup.objects.filter(tenant=tenant)}
    joined = [
        GroupMember(tenant=tenant, group=groups[name], recipient=person) for person in people for name in judged[person.email].line.groups
    ]
    GroupMember.objects.bulk_create(joined, ignore_conflicts=True)
    return {person.email: reference(person.pk) for person in people}


class _Book:
    """What is known of the people of a list before it is saved."""

    def __init__(self, tenant: Tenant, lines: Iterable[Line]) -> None:
        self.tenant, self.lines = tenant, [_respelled(line) for line in lines]
        emails = [line.email for line in self.lines]
        self.people = {person.email: person for person in Recipient.objects.for_tenant(tenant).filter(email__in=emails)}
        self.stopped = {found.email: found for found in Suppression.objects.filter(tenant=tenant, email__in=emails)}
        self.groups = {group.name.casefold(): group.name for group in RecipientGroup.objects.filter(tenant=tenant)}
        members = GroupMember.objects.filter(tenant=tenant, recipient__email__in=emails)
        self.memberships = set(members.values_list("recipient__email", "group__name"))
        # How many new people there may be; None: any number.
        self.room = quotas.room_for_recipients(tenant)
        self.first_lines: dict[str, int] = {}
        self.guesses: dict[str, str] = {}

    def judged(self) -> list[Judged]:
        return [self._judge(line) for line in self.lines]

    def _judge(self, line: Line) -> Judged:
        line = replace(line, groups=tuple(self.groups.get(name.casefold(), name) for name in line.groups))
        faults = {name: fault for name, fault in self._faults(line) if fault}
        stopped = line.email in self.stopped
        if faults:
            return Judged(line, Result.WRONG, faults, stopped=stopped)
        person = self.people.get(line.email)
        if person is None and self.room == 0:
            return Judged(line, Result.WRONG, {"email": quotas.recipients_are_full(self.tenant)}, stopped=stopped)
        if person is None:
            self.room = None if self.room is None else self.room - 1
            return Judged(line, Result.NEW, stopped=stopped)
        changes = list(self._changes(line, person))
        return Judged(line, Result.CHANGED if changes else Result.SAME, changes=changes, stopped=stopped)

    def _faults(self, line: Line) -> Iterable[tuple[str, str]]:
        yield "email", self._email_fault(line)
        yield "name", name_fault(line.name)
        yield "groups", next((self._unknown_group(name) for name in line.groups if name.casefold() not in self.groups), "")
        yield "language", language_fault(line.language)

    def _email_fault(self, line: Line) -> str:
        try:
            email = clean_address(line.email)
            if email not in self.people:
                refuse_foreign_domain(self.tenant, email)
        except Refused as refused:
            return refused.detail
        first = self.first_lines.setdefault(email, line.number)
        if first != line.number:
            return _("The same address stands in line %(line)d.") % {"line": first}
        found = self.stopped.get(email)
        if found is not None and found.reason == Suppression.Reason.BOUNCED:
            day = {"day": formats.date_format(timezone.localtime(found.at), "j M Y"), "name": line.name or _("the person")}
            return _("Mail to this address bounced on %(day)s. Ask %(name)s for the right one.") % day
        return ""

    def _unknown_group(self, name: str) -> str:
        near = self._guess(name.casefold())
        if near:
            return _("No group has this name. Did you mean “%(name)s”?") % {"name": near}
        return _("There is no group “%(name)s”. Make it first, or leave this empty.") % {"name": name}

    def _guess(self, name: str) -> str:
        """The group whose name is most like it; empty: none is, or too many were asked for."""
        if name not in self.guesses and len(self.guesses) < MOST_GUESSES and len(name) <= NAME_LENGTH:
            near = difflib.get_close_matches(name, self.groups, n=1)
            self.guesses[name] = self.groups[near[0]] if near else ""
        return self.guesses.get(name, "")

    def _changes(self, line: Line, person: Recipient) -> Iterable[str]:
        if line.name and line.name != person.name:
            yield "name"
        if line.language and line.language != person.language:
            yield "language"
        if any((line.email, name) not in self.memberships for name in line.groups):
            yield "groups"


def _respelled(line: Line) -> Line:
    """An address as it would be kept, and a language by its code, where they can be."""
    try:
        email = clean_address(line.email)
    except Refused:
        email = line.email
    return replace(line, email=email, language=LANGUAGE_WORDS.get(line.language.casefold(), line.language.lower()))
