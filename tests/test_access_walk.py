"""Every address x everybody x own and another company's objects x every method: the answer is what the table of actions says.

What is expected comes from tenants/access.py, from the scopes of API views and from portal/rules.py alone, so a new address is walked
without a line here. One test is one person, or one key, at every address: companies are made once for each.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from portal.rules import OPEN
from tenants.access import ACTIONS
from tenants.key_scopes import ROLES as SCOPES
from tenants.key_scopes import with_reading
from tenants.models.members import Role
from tests import factories
from tests.portal.views.drafts import make_draft
from tests.pretend_aws import Server
from tests.recently import sign_in
from tests.test_isolation import (
    ADDRESSES,
    ANSWERS_NO_404,
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
# Whoever asks these without a session, or with its end, is led to sign-in.
TO_SIGN_IN = {"account_logout", "mfa_authenticate"}
# Staff may ask, and there is no such thing: it is named in the body, which is empty; the file is no dry run's; nobody wrote a notice.
NOT_FOUND_BY_STAFF = {"staff_status_end", "staff_pause", "staff_resume", "staff_imports", "staff_tags_dry_file"}
# Open to everybody, though they are the API's.
WITHOUT_KEY = {"api_schema", "v1_unknown"}
# Shown, done, or refused for what was sent, which was nothing.
LET_IN = {200, 201, 202, 204, 302, 303, 400, 409, 422}
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


JSON = {"data": {}, "content_type": "application/json"}


@dataclass(frozen=True)
class Walker:
    """Somebody at addresses of acme, with its objects or globex's. `hidden`: the company of which no answer may show a byte."""

    browser: Client
    acme: Company
    globex: Company
    hidden: Company
    draft: str = ""
    template: str = ""

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
        of_staff = {"tenant": company.tenant.slug, "draft": self.draft, "template": self.template, "note": "1"}
        if address in OF_STAFF and name in of_staff:
            return of_staff[name]
        known = address.example(name)
        assert known, f"tests/test_isolation.py does not say what <{name}> of {address} is"
        return known[0](company)

    def ask(self, address: Address, method: str, path: str) -> Answer:
        """What is done is undone, and the browser is who it was."""
        cookies = self.browser.cookies.copy()
        with _of_the_test():
            # The API reads JSON, and nothing else.
            sent = JSON if address.name.startswith("v1_") and method in ("post", "patch") else {}
            response: HttpResponse = getattr(self.browser, method)(path, **sent)
            said = f"{response.getvalue().decode(errors='replace')} {response.headers}"
            transaction.set_rollback(True)
        self.browser.cookies = cookies
        # What was asked for may stand in an answer: the way back after sign-in does.
        shown = [mark for mark in self.hidden.marks() if mark in said and mark not in path]
        is_theirs = address in OF_STAFF or (address in OPEN_TO_ALL and self.hidden is self.acme) or address.name == "api_schema"
        assert shown == [] or is_theirs, f"{method} {path}"
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
    browser, template = (
        _browser(who, acme_company, globex_company, ines),
        factories.make_template(staff=ines, report=acme_company.job.report),
    )
    walker = Walker(browser, acme_company, globex_company, hidden, str(make_draft(ines).pk), template.slug)
    _store(aws, acme_company)
    before = _rows(globex_company.tenant)

    wrong = []
    for address in [*OF_COMPANIES, *OF_STAFF, *OF_ONESELF, *OPEN_TO_ALL]:
        for whose, path in walker.paths(address).items():
            if whose != "own" and not person.is_signed_in and address not in OPEN_TO_ALL:
                # tests/test_isolation.py has that sign-in comes first, whatever stands in the address.
                continue
            answers = {method: walker.ask(address, method, path) for method in METHODS}
            wrong += [
                f"{method} {path}: {a.status} {a.location}" for method, a in answers.items() if not _is_right(person, address, whose, a)
            ]
            if {answer.status for answer in answers.values()} == {NOT_OFFERED}:
                wrong.append(f"{path} offers no method at all")

    assert wrong == [], "\n".join(wrong)
    assert _rows(globex_company.tenant) == before


def _is_right(person: Person, address: Address, whose: str, answer: Answer) -> bool:
    if address.name == "readyz":
        return answer.status in (200, 503)
    if address.name == "metrics":
        # Nobody set a token here. tests/portal/test_metrics.py has who may read it.
        return answer.status in (404, NOT_OFFERED)
    if address.name in TO_SIGN_IN and answer.leads_to_sign_in:
        return True
    if address in OPEN_TO_ALL:
        return answer.status in (404, NOT_OFFERED) if whose != "own" else _is_let_in(answer)
    if not person.is_signed_in:
        # Signing out is nobody's page: allauth leads to sign-in by itself, and takes no other methods.
        return answer.leads_to_sign_in or address.name == "account_logout"
    if address in OF_ONESELF:
        # 404: nothing of the kind is set up.
        return _is_let_in(answer) or answer.status == 404
    if address in OF_STAFF:
        missing = address.name in NOT_FOUND_BY_STAFF and answer.status == 404
        return _is_let_in(answer) or missing if person.is_staff else answer.status in (404, NOT_OFFERED)
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


# By whose key, and whether it is in force: what the API may be asked with. A scope stands for a key that has no other.
KEYS = ["no key", "a revoked key", "an expired key", "a key of another company", "a key without scopes", *SCOPES]


def test_every_key_gets_what_its_scopes_say(acme_company, globex_company, aws, caplog):
    """In one test, because a key is quickly made and two companies are not."""
    caplog.set_level(logging.ERROR)
    before = _rows_but_uses(globex_company)

    wrong = [fault for which in KEYS for fault in _wrong_for(which, acme_company, globex_company)]

    assert wrong == [], "\n".join(wrong)
    assert _rows_but_uses(globex_company) == before


def _wrong_for(which: str, acme: Company, globex: Company) -> Iterator[str]:
    with _of_the_test():
        browser, in_force = _key_of(which, acme, globex)
        hidden = acme if which == "a key of another company" else globex
        walker = Walker(browser, acme, globex, hidden)
        for address in OF_THE_API:
            for whose, path in walker.paths(address).items():
                whose = "another's object" if hidden is acme and address.objects else whose
                for method in METHODS:
                    status = walker.ask(address, method, path).status
                    if status not in _statuses(address, method, which, in_force, whose):
                        yield f"{method} {path} with {which}: {status}"
        transaction.set_rollback(True)


def test_every_operation_of_the_document_is_walked(client):
    document = client.get("/api/schema/").json()

    listed = {(re.sub(r"\{(\w+)\}", r"<\1>", path).strip("/"), method) for path, of in document["paths"].items() for method in of}

    of_v1 = [address for address in OF_THE_API if address.name.startswith("v1_") and address.name not in WITHOUT_KEY]
    assert listed == {(str(address).strip("/"), method.lower()) for address in of_v1 for method in address.view.cls.scopes}


def _statuses(address: Address, method: str, which: str, in_force: bool, whose: str) -> set[int]:
    if address.name in WITHOUT_KEY:
        return {200, 404, NOT_OFFERED}
    scopes = address.view.cls.scopes
    asked = "GET" if method == "head" else method.upper()
    of_head = "head" in address.view.cls.http_method_names and not address.name.startswith("compat")
    if asked not in scopes or (method == "head" and not of_head):
        return NO_ROUTE
    if not in_force:
        # The older API's gateway knew one answer for both.
        return {401, 403}
    if scopes[asked] and scopes[asked] not in with_reading([which]) and which != "a key of another company":
        return {403}
    if whose != "own":
        return {200} if address.route in ANSWERS_NO_404 else {404, 403}
    return LET_IN


def _key_of(which: str, acme: Company, globex: Company) -> tuple[Client, bool]:
    now = timezone.now()
    fields = {"a revoked key": {"revoked_at": now}, "an expired key": {"expires_at": now}}.get(which)
    if which == "no key":
        return Client(), False
    company = globex if which == "a key of another company" else acme
    scopes = tuple(SCOPES) if fields or company is globex else (which,) if which in SCOPES else ()
    _, secret = factories.make_api_key(tenant=company.tenant, name=which, scopes=scopes, **fields or {})
    return Client(headers={"x-api-key": secret, "Authorization": f"Bearer {secret}"}), fields is None


def _rows_but_uses(company: Company) -> dict[str, list[tuple]]:
    """A key's use is noted by its own owner's calls."""
    return {table: rows for table, rows in _rows(company.tenant).items() if table != "tenants_apikey"}


def _store(aws: Server, company: Company) -> None:
    """What is downloaded has to be there."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=company.file.bucket)
    s3.put_object(Bucket=company.file.bucket, Key=company.file.key, Body=b"%PDF-1.7")
