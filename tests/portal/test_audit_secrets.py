"""No secret that was handed out or typed stands in the audit trail, nor in the log stream: a journey through all that hands out some."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.forms.models import model_to_dict
from django.test import Client
from django.utils import timezone

from reports import tasks
from tenants.audit import Actor, record
from tenants.models import AuditEvent, Invitation
from tenants.scope import staff_scope, tenant_scope
from tests import recently
from tests.factories import PASSWORD
from tests.portal.sign_in.conftest import CODE, SECRET, second_step, sign_in
from tests.portal.views.conftest import aws, ready_job, server, stored

__all__ = ["aws", "ready_job", "server", "stored"]
pytestmark = pytest.mark.django_db(transaction=True)
JOURNEY = {
    *("sign_in.refused", "sign_in.code_refused", "sign_in.succeeded", "second_step.recovery_code_used"),
    *("key.created", "key.replaced", "link.created", "file.downloaded", "invitation.sent", "invitation.accepted", "password.reset"),
}
TYPED = {
    "wrong password": "not-the-password-of-adam",
    "new password": "a horse that staples batteries",
    "passcode": "open sesame 77",
    "guessed passcode": "guess-of-a-passcode",
}
KEY = re.compile(r"fan_[A-Z2-7]{8}_[\w-]{43}")


@pytest.fixture
def handed_out(acme, adam, olga, ready_job, stored, tmp_path, settings, json_log) -> dict[str, str]:
    """Everything that a journey through the portal handed out or that was typed, by what it is."""
    settings.EMAIL_URL = f"file://{tmp_path}?from=portal@anycompany.example"
    browser = Client()
    secrets = TYPED | {"password": PASSWORD, "secret of the app": SECRET}
    secrets |= {f"recovery code {number}": one for number, one in enumerate(second_step(adam))}
    sign_in(browser, adam, TYPED["wrong password"])
    sign_in(browser, adam)
    browser.post(CODE, {"code": "000000"})
    browser.post(CODE, {"code": secrets["recovery code 0"]})
    secrets |= _keys(browser) | _files(browser, ready_job) | _sessions()
    secrets |= _invitation(acme, olga) | _reset(adam, tmp_path)
    return secrets | _sessions()


def _sessions() -> dict[str, str]:
    return {f"session {key[:4]}": key for key in Session.objects.values_list("session_key", flat=True)}


def _keys(browser: Client) -> dict[str, str]:
    made = browser.post("/t/acme/settings/keys/new/", {"name": "data-lake", "scopes": ["jobs:write"], "lasts": "365"}).content.decode()
    page = browser.get("/t/acme/settings/keys/").content.decode()
    replace = re.search(r"/t/acme/settings/keys/[\w-]+/replace/", page)[0]
    again = browser.post(replace, {"goes_on": "7", "lasts": "365"}).content.decode()
    return {"key": KEY.search(made)[0], "key in its place": KEY.search(again)[0]}


def _files(browser: Client, job) -> dict[str, str]:
    """A link with a passcode, made, opened and used; and the same file from the job's page."""
    with tenant_scope(job.tenant):
        file = job.files.get()
    terms = {"days": "7", "max_uses": "5", "protection": "passcode", "passcode": TYPED["passcode"]}
    page = browser.post(f"/t/acme/jobs/{job.pk}/links/", terms, follow=True).content.decode()
    path = re.search(rf"/d/{job.tenant.code}/([\w-]+)", page)
    visitor = Client()
    visitor.post(path[0], {"act": "open", "passcode": TYPED["guessed passcode"]})
    visitor.post(path[0], {"act": "open", "passcode": TYPED["passcode"]})
    by_link = visitor.post(path[0])["Location"]
    cookies = {f"cookie {name}": cookie.value for name, cookie in visitor.cookies.items() if cookie.value}
    by_page = browser.post(f"/t/acme/jobs/{job.pk}/files/{file.pk}/")["Location"]
    return {"link": path[1], "URL by link": _signature(by_link), "URL by page": _signature(by_page)} | cookies


def _signature(presigned: str) -> str:
    return parse_qs(urlsplit(presigned).query)["X-Amz-Signature"][0]


def _invitation(acme, olga) -> dict[str, str]:
    recently.sign_in(Client(), olga).post("/t/acme/settings/members/invite/", {"emails": "nina@acme.example", "role": "viewer"})
    with tenant_scope(acme):
        assert Invitation.objects.filter(email="nina@acme.example").exists()
        _row, token = Invitation.issue(acme, "nils@acme.example", "viewer", timezone.now())
    Client().post(f"/invitations/{acme.code}/{token}/", {"name": "Nils", "password": TYPED["new password"]})
    return {"invitation": token}


def _reset(adam, folder) -> dict[str, str]:
    Client().post("/accounts/password/reset/", {"email": adam.email})
    tasks.write_account_mail("reset", adam.pk)
    mail = next(folder.glob("*.eml")).read_text().replace("=\n", "").replace("=3D", "=")
    path = re.search(r"/accounts/password/reset/key/([\w-]+)/", mail)
    browser = Client()
    page = browser.get(path[0], follow=True)
    browser.post(page.context["action_url"], {"password1": TYPED["new password"], "password2": TYPED["new password"]})
    return {"address of a new password": path[1]}


def test_none_of_it_is_in_the_trail_nor_in_the_log(acme, ines, handed_out, json_log):
    with tenant_scope(acme):
        rows = list(AuditEvent.objects.filter(tenant=acme))
    with staff_scope(ines):
        rows += AuditEvent.objects.filter(tenant=None)
    shipped = [line for line in json_log() if line["logger"] == "audit"]
    kept = [json.dumps(model_to_dict(row), default=str) for row in rows] + [json.dumps(line) for line in json_log()]

    found = {what for what, secret in handed_out.items() if any(secret in text for text in kept)}

    assert found == set()
    assert {line["audit"] for line in shipped} == {str(row.pk) for row in rows}
    assert JOURNEY - {row.action for row in rows} == set()
    assert len(handed_out) > 20


def test_the_search_finds_what_is_there(acme, handed_out, json_log):
    """A secret that somebody hands to the trail by mistake is found: the test above can fail."""
    with tenant_scope(acme):
        record(Actor("a mistake"), "link.created", now=timezone.now(), tenant=acme, after={"token": handed_out["link"]})

    assert any(handed_out["link"] in json.dumps(line) for line in json_log())
