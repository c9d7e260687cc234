"""Every address x everybody x own and another company's objects x every method: the answer is what the table of actions says.

What is expected comes from tenants/access.py, from the scopes of API views and from portal/rules.py alone, so a new address is walked
without a line here. One test is one person, or one key, at every address: companies are made once for each.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from portal.rules import OPEN
from tenants.access import ACTIONS
from tenants.key_scopes import ROLES as SCOPES
from tenants.models.members import Role
from tenants.scope import tenant_scope
from tests import factories
from tests.portal.views.drafts import make_draft
from tests.recently import sign_in
from tests.test_isolation import (
    ADDRESSES,
    COMPANY,
    OLDER_API,
    Address,
    Company,
    _of_the_test,
    _rows,
    acme_company,
    aws,
    globex_company,
    server,
)

__all__ = ["acme_company", "aws", "globex_company", "server"]
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
PAGES = [address for address in ADDRESSES if getattr(address.view, "action", None)]
OF_COMPANIES = [address for address in PAGES if address.view.action in ACTIONS]
OF_STAFF = [address for address in PAGES if address not in OF_COMPANIES]
OF_THE_API = [address for address in ADDRESSES if hasattr(getattr(address.view, "cls", None), "scopes")]
OF_ONESELF = [address for address in ADDRESSES if OPEN.get(address.name, "").startswith("signed in")]
OPEN_TO_ALL = [address for address in ADDRESSES if address.name in OPEN and address not in OF_ONESELF]
# What a page of staff has to be told besides its address.
QUERIES = {"staff_pause": "?kind=tenant&name=acme", "staff_resume": "?kind=tenant&name=acme"}
# Open to everybody, though they are the API's.
WITHOUT_KEY = {"api_schema", "v1_unknown"}
# Shown, done, or refused for what was sent, which was nothing.
LET_IN = {200, 204, 302, 303, 400, 409, 422}
NOT_OFFERED = 405
# What the older API's gateway said to a route that it does not have.
NO_ROUTE = {403, NOT_OFFERED}


@dataclass(frozen=True)
class Person:
    """As what somebody asks. `role`: in acme."""

    role: Role | None = None
    is_staff: bool = False
    is_signed_in: bool = True


@dataclass(frozen=True)
class Answer:
    status: int
    location: str

    @property
    def leads_to_sign_in(self) -> bool:
        return self.status == 302 and self.location.startswith("/accounts/login/")


PEOPLE = {
    "nobody": Person(is_signed_in=False),
    "a viewer": Person(Role.VIEWER),
    "an admin": Person(Role.ADMIN),
    "an owner": Person(Role.OWNER),
    "staff": Person(is_staff=True),
    "an owner of another company": Person(),
    "an owner whose account was switched off": Person(is_signed_in=False),
}


@dataclass(frozen=True)
class Walker:
    """Somebody at addresses of acme, with its objects or globex's. `hidden`: the company of which no answer may show a byte."""

    browser: Client
    acme: Company
    globex: Company
    hidden: Company
    draft: str

    def paths(self, address: Address) -> dict[str, str]:
        """By whose they are: acme's own; in acme's name, what globex has; globex's."""
        own = {name: self._value(address, name, self.acme) for name in address.parameters}
        theirs = {name: self._value(address, name, self.globex) for name in address.parameters}
        paths = {"own": address.with_values(own) + QUERIES.get(address.name, "")}
        if self.hidden is self.globex and address not in OF_STAFF:
            if address.objects:
                paths["another's object"] = address.with_values(own | {name: theirs[name] for name in address.objects})
            if "slug" in address.parameters:
                paths["another's company"] = address.with_values(theirs)
        return paths

    def _value(self, address: Address, name: str, company: Company) -> str:
        if address in OF_STAFF and name in ("tenant", "draft"):
            return self.draft if name == "draft" else company.tenant.slug
        known = address.example(name)
        assert known, f"tests/test_isolation.py does not say what <{name}> of {address} is"
        return known[0](company)

    def ask(self, method: str, path: str) -> Answer:
        """What is done is undone, and the browser is who it was."""
        cookies = self.browser.cookies.copy()
        with _of_the_test():
            response: HttpResponse = getattr(self.browser, method)(path)
            said = f"{response.getvalue().decode(errors='replace')} {response.headers}"
            transaction.set_rollback(True)
        self.browser.cookies = cookies
        # What was asked for may stand in an answer: the way back after sign-in does.
        shown = [mark for mark in self.hidden.marks() if mark in said and mark not in path]
        assert shown == [] or path.startswith("/staff/"), f"{method} {path}"
        return Answer(response.status_code, response.get("Location", ""))


def test_every_address_is_walked():
    walked = [*OF_COMPANIES, *OF_STAFF, *OF_THE_API, *OF_ONESELF, *OPEN_TO_ALL]

    assert sorted(map(str, walked)) == sorted(map(str, ADDRESSES))
    assert all([OF_COMPANIES, OF_STAFF, OF_THE_API, OF_ONESELF, OPEN_TO_ALL])


@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_gets_what_the_table_of_actions_says(who, acme_company, globex_company, aws, ines, caplog):
    caplog.set_level(logging.ERROR)
    person = PEOPLE[who]
    hidden = acme_company if who == "an owner of another company" else globex_company
    walker = Walker(_browser(who, acme_company, globex_company, ines), acme_company, globex_company, hidden, str(make_draft(ines).pk))
    before = _rows(globex_company.tenant)

    wrong = []
    for address in [*OF_COMPANIES, *OF_STAFF, *OF_ONESELF, *OPEN_TO_ALL]:
        for whose, path in walker.paths(address).items():
            answers = {method: walker.ask(method, path) for method in METHODS}
            wrong += [f"{method} {path}: {a.status} {a.location}" for method, a in answers.items() if not _is_right(person, address, whose, a)]
            if {answer.status for answer in answers.values()} == {NOT_OFFERED}:
                wrong.append(f"{path} offers no method at all")

    assert wrong == [], "\n".join(wrong)
    assert _rows(globex_company.tenant) == before


def _is_right(person: Person, address: Address, whose: str, answer: Answer) -> bool:
    if address in OPEN_TO_ALL:
        return answer.status in (404, NOT_OFFERED) if whose != "own" else _is_let_in(answer)
    if not person.is_signed_in:
        return answer.leads_to_sign_in
    if address in OF_ONESELF:
        # 404: nothing of the kind is set up.
        return _is_let_in(answer) or answer.status == 404
    if address in OF_STAFF:
        return _is_let_in(answer) if person.is_staff else answer.status in (404, NOT_OFFERED)
    if person.role is None or whose == "another's company":
        return answer.status in (404, NOT_OFFERED)
    if person.role not in ACTIONS[address.view.action]:
        return answer.status in (403, NOT_OFFERED)
    return _is_let_in(answer) if whose == "own" else answer.status in (404, NOT_OFFERED)


def _is_let_in(answer: Answer) -> bool:
    return answer.status in LET_IN | {NOT_OFFERED} and not answer.leads_to_sign_in


def _browser(who: str, acme: Company, globex: Company, staff) -> Client:
    browser = Client()
    match who:
        case "nobody":
            return browser
        case "a viewer":
            return sign_in(browser, acme.member.user)
        case "an admin":
            return sign_in(browser, factories.make_member(tenant=acme.tenant, role="admin"))
        case "staff":
            return sign_in(browser, staff)
        case "an owner of another company":
            return sign_in(browser, globex.owner)
    sign_in(browser, acme.owner)
    if PEOPLE[who].role is None:
        acme.owner.is_active = False
        acme.owner.save(update_fields=["is_active"])
    return browser
