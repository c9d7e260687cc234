"""Links that ask for something before they open, and those that have ended."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from reports import links
from reports.models import Download, Link, Notice
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_link

pytestmark = pytest.mark.django_db
GM = "gm.funchal@azurebay.example"


@pytest.fixture
def visitor() -> Client:
    return Client()


def page_of(job, **fields) -> tuple[Link, str]:
    row, token = make_link(job=job, **fields)
    return row, f"/d/{job.tenant.code}/{token}"


def notices(tenant_id) -> list[tuple[str, str]]:
    with tenant_scope(tenant_id):
        return list(Notice.objects.order_by("created_at").values_list("kind", "address"))


@pytest.fixture
def guarded(ready_job):
    return page_of(ready_job, protection="passcode", passcode=make_password("open sesame"))


@pytest.fixture
def mailed(ready_job):
    return page_of(ready_job, protection="mailed", email=GM)


class TestAPasscode:
    def test_stands_before_everything_that_the_link_offers(self, stored, visitor, guarded):
        row, path = guarded

        looked, pressed = visitor.get(path), visitor.post(path)

        assert [answer.status_code for answer in (looked, pressed)] == [200, 200]
        for answer in (looked, pressed):
            shown = answer.content.decode()
            assert "Enter your passcode" in shown
            assert "daily-calls.pdf" not in shown
        with tenant_scope(row.tenant_id):
            assert not Download.objects.exists()

    def test_opens_it_in_this_browser_and_for_this_link_for_half_an_hour(self, stored, visitor, guarded, ready_job):
        _row, path = guarded

        answered = visitor.post(path, {"act": "open", "passcode": "open sesame"})
        shown, given, elsewhere = visitor.get(path), visitor.post(path), Client().post(path)

        (cookie,) = [morsel for name, morsel in answered.cookies.items() if name.startswith("open-")]
        assert (answered.status_code, answered["Location"]) == (303, path)
        assert (cookie["max-age"], cookie["path"], cookie["httponly"], cookie["samesite"]) == (1800, path, True, "Lax")
        assert "daily-calls.pdf" in shown.content.decode()
        assert (given.status_code, elsewhere.status_code) == (303, 200)

    def test_of_one_link_opens_no_other(self, stored, visitor, guarded, ready_job):
        _other, path = page_of(ready_job, protection="passcode", passcode=make_password("another"))
        visitor.post(guarded[1], {"act": "open", "passcode": "open sesame"})
        for cookie in visitor.cookies.values():
            cookie["path"] = "/"

        assert "Enter your passcode" in visitor.get(path).content.decode()

    def test_that_is_wrong_says_how_many_tries_are_left_and_then_that_it_is_locked(self, visitor, guarded):
        row, path = guarded

        first = visitor.post(path, {"act": "open", "passcode": "wrong"})
        with tenant_scope(row.tenant_id):
            Link.objects.update(wrong_codes=9)
        last = visitor.post(path, {"act": "open", "passcode": "wrong"})
        right = visitor.post(path, {"act": "open", "passcode": "open sesame"})

        assert first.status_code == 422
        assert "That passcode is not right. 9 tries left." in first.content.decode()
        assert [answer.status_code for answer in (last, right)] == [404, 404]
        assert "This link is locked" in last.content.decode()
        assert row.reference in right.content.decode()

    def test_is_kept_out_of_the_log(self, visitor, guarded, json_log):
        visitor.post(guarded[1], {"act": "open", "passcode": "pass-word-of-mine"})

        assert "pass-word-of-mine" not in str(json_log())


class TestAMailedCode:
    def test_is_asked_for_by_a_button_and_opens_the_link(self, stored, visitor, mailed):
        row, path = mailed

        before, asked = visitor.get(path), visitor.post(path, {"act": "send-code"})
        with tenant_scope(row.tenant_id):
            code = links.new_code(Link.objects.get(pk=row.pk), timezone.now())
        opened = visitor.post(path, {"act": "open", "passcode": code})

        assert "g•••@azurebay.example" in before.content.decode()
        assert GM not in before.content.decode() + asked.content.decode()
        assert "We sent a 6-digit passcode" in asked.content.decode()
        assert 'autocomplete="one-time-code"' in asked.content.decode()
        assert notices(row.tenant_id) == [("code", GM)]
        assert opened.status_code == 303
        assert visitor.post(path).status_code == 303

    def test_looks_sent_whether_or_not_it_was(self, visitor, mailed):
        row, path = mailed

        first, second = (visitor.post(path, {"act": "send-code"}) for _ in range(2))

        assert len(notices(row.tenant_id)) == 1
        assert "We sent a 6-digit passcode" in second.content.decode()
        assert first.status_code == second.status_code

    def test_that_is_old_asks_for_another(self, visitor, mailed):
        answer = visitor.post(mailed[1], {"act": "open", "passcode": "123456"})

        assert answer.status_code == 422
        assert "not valid any more" in answer.content.decode()

    def test_visits_by_a_scanner_send_nothing(self, visitor, mailed):
        for _ in range(50):
            visitor.get(mailed[1])

        assert notices(mailed[0].tenant_id) == []


class TestANewLink:
    @pytest.fixture
    def expired(self, ready_job):
        return page_of(ready_job, email=GM, expires_at=timezone.now() - timedelta(hours=1))

    def test_is_asked_for_by_a_button_and_goes_to_the_same_address_alone(self, visitor, expired):
        row, path = expired

        before, asked = visitor.get(path), visitor.post(path, {"act": "new-link", "email": "mallory@evil.example"})

        assert "Ask for a new link" in before.content.decode()
        assert "g•••@azurebay.example" in before.content.decode()
        assert GM not in before.content.decode() + asked.content.decode()
        assert notices(row.tenant_id) == [("new_link", GM)]

    def test_is_answered_alike_when_one_was_asked_for_before(self, visitor, expired):
        row, path = expired

        first, second = (visitor.post(path, {"act": "new-link"}) for _ in range(2))

        without_token = [re.sub(rb'name="csrfmiddlewaretoken" value="[^"]*"', b"", answer.content) for answer in (first, second)]
        assert without_token[0] == without_token[1]
        assert len(notices(row.tenant_id)) == 1

    @pytest.mark.parametrize("fields", [{"email": ""}, {"email": GM, "revoked_at": timezone.now()}, {"email": GM, "uses": 50}])
    def test_is_not_offered_and_not_given_elsewhere(self, fields, visitor, ready_job):
        row, path = page_of(ready_job, **({"expires_at": timezone.now() - timedelta(hours=1)} | fields))

        looked, pressed = visitor.get(path), visitor.post(path, {"act": "new-link"})

        assert "Ask for a new link" not in looked.content.decode()
        assert (looked.status_code, pressed.status_code) == (404, 404)
        assert notices(row.tenant_id) == []

    def test_of_a_working_link_is_its_page(self, visitor, ready_job):
        _row, path = page_of(ready_job, email=GM)

        answer = visitor.post(path, {"act": "new-link"})

        assert answer.status_code == 200
        assert notices(ready_job.tenant_id) == []


class TestWhoseItLooksLike:
    def test_the_company_names_itself_its_colour_and_where_questions_go(self, visitor, link, acme):
        with platform_scope():
            type(acme).objects.filter(pk=acme.pk).update(brand_color="#0b5e6b", reply_to="reports@acme.example")

        shown = visitor.get(link[1]).content.decode()
        style = visitor.get(re.search(r'href="(/brand/[^"]+)"', shown).group(1))

        assert "Delivered for Acme Hotels by Fanfold." in shown
        assert 'href="mailto:reports@acme.example"' in shown
        assert "--brand: light-dark(#0b5e6b" in style.content.decode()
        assert style["Content-Type"] == "text/css; charset=utf-8"
        assert style["Cache-Control"] == "public, max-age=31536000, immutable"

    def test_a_style_of_another_version_is_not_kept_and_a_code_nobody_has_gets_ours(self, visitor, acme):
        known, unknown = visitor.get(f"/brand/{acme.code}.css?v=old"), visitor.get("/brand/AAAAAAAA.css?v=old")

        assert known.content == unknown.content
        assert {known["Cache-Control"], unknown["Cache-Control"]} == {"no-store"}

    @pytest.mark.parametrize(("fields", "language"), [({"language": "de"}, "de"), ({}, "de"), ({"language": "en"}, "en")])
    def test_the_page_speaks_the_recipients_language_else_the_browsers(self, fields, language, visitor, ready_job):
        _row, path = page_of(ready_job, **fields)

        shown = visitor.get(path, headers={"Accept-Language": "de-AT,de;q=0.9"}).content.decode()

        assert f'<html lang="{language}"' in shown
        assert {"de": "Zugestellt für Acme Hotels", "en": "Delivered for Acme Hotels"}[language] in shown

    def test_no_page_has_a_script_or_is_heavy(self, visitor, guarded, mailed, link, ready_job):
        ended = page_of(ready_job, email=GM, expires_at=timezone.now() - timedelta(hours=1))

        for _row, path in (guarded, mailed, link, ended):
            answer = visitor.get(path)
            assert b"<script" not in answer.content
            assert len(answer.content) < 30_000
