"""A new password: by the old one, or by mail. Neither opens more than a password does."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings as product
from django.test import Client

from reports import tasks
from tests import recently
from tests.factories import PASSWORD
from tests.portal.sign_in.conftest import is_in, sign_in

pytestmark = pytest.mark.django_db
NEW = "a horse that staples batteries"
CHANGE, RESET = "/accounts/password/change/", "/accounts/password/reset/"


def change(browser: Client, new: str = NEW, *, old: str = PASSWORD, again: str | None = None):
    return browser.post(CHANGE, {"oldpassword": old, "password1": new, "password2": new if again is None else again})


class TestChanging:
    @pytest.fixture
    def here(self, client, adam):
        sign_in(client, adam)
        return client

    def test_the_new_one_counts_here_the_session_goes_on_and_all_others_end(self, here, adam):
        other = Client()
        sign_in(other, adam)
        before = here.session.session_key

        answer = change(here)

        adam.refresh_from_db()
        assert answer["Location"] == "/accounts/"
        assert adam.check_password(NEW)
        assert (is_in(here), is_in(other)) == (True, False)
        assert here.session.session_key != before

    def test_the_old_one_is_needed(self, here, adam):
        answer = change(here, old="not the password")

        adam.refresh_from_db()
        assert answer.status_code == 200
        assert adam.check_password(PASSWORD)

    @pytest.mark.parametrize("bad", ["short", "password1234", "adam@acme.example", "x" * 1025])
    def test_weak_and_endless_ones_are_refused_in_words(self, here, adam, bad):
        answer = change(here, bad)

        adam.refresh_from_db()
        assert answer.context["form"].errors["password1"]
        assert adam.check_password(PASSWORD)

    @pytest.mark.parametrize("good", ["x1y2" * 256, "    spaces  around    ", "纯粹的中文密码也可以用于登录"])
    def test_long_ones_and_any_characters_are_taken_as_they_are(self, here, adam, good):
        change(here, good)

        assert sign_in(Client(), adam, good).status_code == 302

    def test_two_that_differ_are_refused(self, here, adam):
        answer = change(here, again=NEW + "!")

        assert answer.context["form"].errors["password2"]


class TestByMail:
    @pytest.fixture
    def address(self, adam, tmp_path, settings, django_capture_on_commit_callbacks):
        """The path in the mail."""
        settings.EMAIL_URL = f"file://{tmp_path}?from=portal@anycompany.example"
        tasks.write_account_mail("reset", adam.pk)
        mail = next(tmp_path.glob("*.eml")).read_text()
        assert "To: adam@acme.example" in mail
        joined = mail.replace("=\n", "").replace("=3D", "=")
        return re.search(rf"{re.escape(product.PORTAL_BASE_URL)}(/accounts/password/reset/key/[\w-]+/)", joined)[1]

    def choose(self, browser: Client, address: str, new: str = NEW):
        """As a browser does: open the address, follow to the form, send it."""
        page = browser.get(address, follow=True)
        if "action_url" not in page.context or page.context.get("token_fail"):
            return page
        return browser.post(page.context["action_url"], {"password1": new, "password2": new})

    def test_the_address_in_the_mail_leads_to_a_new_password_and_to_sign_in(self, address, adam):
        browser = Client()

        done = self.choose(browser, address)

        assert done["Location"] == "/accounts/password/reset/key/done/"
        assert not is_in(browser)
        assert sign_in(browser, adam, NEW).status_code == 302
        assert is_in(browser)

    @pytest.fixture
    def there(self, adam) -> Client:
        browser = Client()
        sign_in(browser, adam)
        return browser

    def test_all_sessions_end(self, there, address):
        self.choose(Client(), address)

        assert not is_in(there)

    def test_the_second_step_is_asked_for_as_ever(self, address, adam, adams_codes):
        browser = Client()
        self.choose(browser, address)

        answer = sign_in(browser, adam, NEW)

        assert answer["Location"] == "/accounts/2fa/authenticate/"
        assert not is_in(browser)

    def test_it_works_once(self, address, adam):
        self.choose(Client(), address)

        again = self.choose(Client(), address, "another password altogether")

        adam.refresh_from_db()
        assert "does not work any more" in again.content.decode()
        assert adam.check_password(NEW)

    def test_it_ends_after_an_hour(self, address, adam, monkeypatch):
        from django.contrib.auth.tokens import PasswordResetTokenGenerator

        real = PasswordResetTokenGenerator._now
        monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda self: real(self) + timedelta(minutes=61))

        assert "does not work any more" in self.choose(Client(), address).content.decode()

    def test_it_ends_with_the_next_sign_in(self, address, adam):
        sign_in(Client(), adam)

        assert "does not work any more" in self.choose(Client(), address).content.decode()

    @pytest.mark.parametrize("key", ["1-x", "zzzzzzzzzzzzz-abc-def", "0-0", "1-" + "a" * 300])
    def test_a_made_up_address_is_told_as_one_that_is_too_old(self, key, acme):
        assert "does not work any more" in Client().get(f"/accounts/password/reset/key/{key}/").content.decode()

    def test_the_token_is_not_in_the_address_of_the_page_with_the_form(self, address):
        page = Client().get(address, follow=True)

        assert page.redirect_chain[-1][0].endswith("-set-password/")

    def test_nobody_is_written_to_where_there_is_nobody(self, tmp_path, settings, acme):
        settings.EMAIL_URL = f"file://{tmp_path}?from=portal@anycompany.example"

        tasks.write_account_mail("reset", 0)

        assert list(tmp_path.iterdir()) == []

    def test_without_mail_the_page_says_whom_to_ask(self, client, settings):
        settings.EMAIL_URL = ""

        assert "This portal sends no mail" in client.get(RESET).content.decode()
        assert "Forgot it?" not in client.get("/accounts/login/").content.decode()


def test_what_happened_to_an_account_is_told_by_mail(client, adam, tmp_path, settings, django_capture_on_commit_callbacks):
    from django_q.models import OrmQ

    recently.sign_in(client, adam)

    with django_capture_on_commit_callbacks(execute=True):
        change(client)
    settings.EMAIL_URL = f"file://{tmp_path}?from=portal@anycompany.example"
    tasks.write_account_mail("password_changed", adam.pk)

    assert OrmQ.objects.count() == 1
    assert "Subject: Your password was changed" in next(tmp_path.glob("*.eml")).read_text()
