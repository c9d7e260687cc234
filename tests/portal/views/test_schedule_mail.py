from __future__ import annotations

import pytest

from reports.models import Notice
from tenants.scope import tenant_scope
from tests.factories import make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def schedule(acme, daily_calls):
    return make_schedule(tenant=acme, report=daily_calls, name="Calls <b>of</b> yesterday", message="Dear {recipient}, for {tenant}.")


@pytest.fixture
def page(schedule):
    return f"/t/acme/schedules/{schedule.pk}/mail/"


@pytest.fixture
def mail_is_set_up(settings):
    settings.EMAIL_URL = "smtp://mail.example:587?from=reports@mail.example"


def notices(tenant):
    with tenant_scope(tenant):
        return list(Notice.objects.filter(kind=Notice.Kind.TEST))


def test_the_page_shows_whom_the_mail_is_from_its_subject_and_its_text(as_alice, page, mail_is_set_up):
    shown = as_alice.get(page).content.decode()

    assert "Acme Hotels Reports &lt;reports@mail.example&gt;" in shown
    assert "Test: Calls &lt;b&gt;of&lt;/b&gt; yesterday: " in shown
    assert "Dear Alice Viewer, for Acme Hotels." in shown
    assert f'src="{page}view/?language=en"' in shown


def test_the_mail_is_shown_in_german_too(as_alice, page):
    assert "Bericht öffnen" in as_alice.get(page, {"language": "de"}).content.decode()
    assert 'lang="de"' in as_alice.get(f"{page}view/", {"language": "de"}).content.decode()
    assert as_alice.get(page, {"language": "xx"}).context["language"] == "en"


def test_the_mails_own_document_may_have_inline_styles_and_do_nothing(as_alice, page):
    answer = as_alice.get(f"{page}view/")

    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
        "sandbox": "",
    }
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "<b>of</b>" not in answer.content.decode()


def test_the_page_around_it_keeps_our_policy_and_may_frame_ourselves_only(as_alice, page):
    policy = as_alice.get(page)["Content-Security-Policy"]

    assert "unsafe" not in policy
    assert "frame-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_test_goes_to_whoever_asks_and_once_however_often_the_button_is_pressed(as_adam, page, acme, schedule, mail_is_set_up):
    answers = [as_adam.post(f"{page}test/", {"language": "de", "email": "victim@elsewhere.example"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert {(notice.address, notice.language, notice.schedule_id) for notice in notices(acme)} == {("adam@acme.example", "de", schedule.pk)}
    assert len(notices(acme)) <= 2  # two, if a minute ended between them
    assert "A test is on its way to adam@acme.example." in as_adam.get(page).content.decode()


def test_without_a_mail_server_it_says_so_and_asks_for_nothing(as_adam, page, acme):
    answer = as_adam.post(f"{page}test/", follow=True)

    assert "No mail can be sent yet" in answer.content.decode()
    assert notices(acme) == []


def test_a_viewer_may_look_but_sends_nothing(as_alice, page, acme, mail_is_set_up):
    assert "Send me a test" not in as_alice.get(page).content.decode()
    assert as_alice.post(f"{page}test/").status_code == 403
    assert notices(acme) == []
