"""Every page there is, in every state worth a look: what the tests of this folder walk through and `make screenshots` draws.

A new page is one line here, and one in docs/screens/README.md. tests/browser/test_page_list.py compares the list with the URLconf and
fails until they are there.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import playwright.sync_api as browser
from django.conf import settings

from tests.browser import faults
from tests.browser.cast_accounts import CAREFUL
from tests.browser.cast_archive import in_its_browser
from tests.browser.stack import Stack
from tests.factories import PASSWORD

Act = Callable[[browser.Page], object]
NUMBERS = itertools.count(1)
MARTA, RUI, LONG, INES, DUARTE, VERA, SOFIA = "marta", "rui", "long", "ines", "duarte", "vera", "sofia"


def nothing(page: browser.Page) -> None: ...


def undisturbed(stack: Stack) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True)
class Page:
    """`address` may hold names of tests/browser/cast.py's parts; `act` is what the visitor does there, `status` the last answer's.

    `name` is the picture's: a mock-up's own name where the design has one. `language` is what the visitor chose.
    """

    name: str
    address: str
    visitor: str = ""
    status: int = 200
    act: Act = nothing
    during: Callable[[Stack], AbstractContextManager[None]] = undisturbed
    language: str = "en"


def press(name: str) -> Act:
    return lambda page: page.get_by_role("button", name=name, exact=True).click()


def make_a_tenant_without_tags(page: browser.Page) -> None:
    page.get_by_label("Name", exact=True).fill("Meridian Rail")
    page.get_by_label("Email of its first owner").fill("ops@meridian.example")
    page.get_by_role("group", name="Reports").get_by_role("checkbox").first.check()
    press("Make tenant")(page)


def select(number: int, then: str = "") -> Act:
    """The first rows of a list, and perhaps a button of the bar that appears."""

    def act(page: browser.Page) -> None:
        for box in page.locator("input[form=selected]").all()[:number]:
            box.check()
        if then:
            page.get_by_role("region", name="Selected").get_by_role("button", name=then, exact=True).click()

    return act


def sign_in_wrongly(page: browser.Page) -> None:
    page.get_by_label("Email").fill("marta.oliveira@azurebay.example")
    page.get_by_label("Password").fill("not her password")
    press("Sign in")(page)


def sign_in_to_the_second_step(page: browser.Page) -> None:
    page.get_by_label("Email").fill(CAREFUL)
    page.get_by_label("Password").fill(PASSWORD)
    press("Sign in")(page)
    page.get_by_role("heading", name="Enter your code").wait_for()


def type_a_wrong_code(page: browser.Page) -> None:
    sign_in_to_the_second_step(page)
    page.get_by_label("6-digit code").fill("12345")
    press("Continue")(page)


def sign_in_with_a_book(page: browser.Page) -> None:
    """More than a form may hold."""
    page.get_by_label("Email").fill("marta.oliveira@azurebay.example")
    page.get_by_label("Password").fill("x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    press("Sign in")(page)


def sign_in_without_cookies(page: browser.Page) -> None:
    page.context.clear_cookies()
    sign_in_wrongly(page)


def run_without_answers(page: browser.Page) -> None:
    page.get_by_label("PDF", exact=True).uncheck()
    page.get_by_label("Shortest call, seconds").fill("")
    press("Run report")(page)


def make_a_key(page: browser.Page) -> None:
    """Each under another name: they all stay."""
    page.get_by_label("Name").fill(f"data-warehouse-{next(NUMBERS)}")
    press("Make key")(page)


def make_a_webhook(page: browser.Page) -> None:
    """Each at another address: they all stay."""
    page.get_by_label("Address").fill(f"https://203.0.114.7/reports/{next(NUMBERS)}")
    page.get_by_label("A report failed").check()
    press("Make webhook")(page)


def make_a_webhook_that_cannot_be(page: browser.Page) -> None:
    page.get_by_label("Address").fill("http://10.0.0.1/reports")
    page.get_by_label("A report failed").check()
    press("Make webhook")(page)


def accept_with_a_short_password(page: browser.Page) -> None:
    page.get_by_label("Name").fill("Nuno Pereira")
    page.get_by_label("Password").fill("short")
    press("Accept invitation")(page)


def save_without_a_name(page: browser.Page) -> None:
    page.get_by_label("Name", exact=True).fill("")
    press("Save as draft")(page)


def download_nothing_in_particular(page: browser.Page) -> None:
    """As a script would that does not name the file."""
    page.locator("input[name=file]").first.evaluate("field => field.remove()")
    page.get_by_role("button", name="Download").first.click()


def stop_the_mails(page: browser.Page) -> None:
    """Unless an earlier visitor did."""
    if page.get_by_role("button", name="Stop these emails").count():
        press("Stop these emails")(page)


def make_a_link_that_cannot_be(page: browser.Page) -> None:
    page.get_by_label("Downloads").fill("1")
    page.get_by_label(re.compile("^For")).fill("nobody")
    press("Make link")(page)


def answer_wrongly(page: browser.Page) -> None:
    page.get_by_label("Passcode").fill("not the passcode")
    press("Open report")(page)


def save_person_without_a_domain(page: browser.Page) -> None:
    page.get_by_role("textbox", name="Email").fill("gm.funchal@azurebay")
    press("Save person")(page)


def add_a_stranger(page: browser.Page) -> None:
    page.get_by_label("Add people").fill("stranger@customer.example")
    press("Add people")(page)


def paste(text: str) -> Act:
    def act(page: browser.Page) -> None:
        page.get_by_label("Or paste it").fill(text)
        press("Check the list")(page)

    return act


# One line of each kind, and of each fault.
LIST = """email;name;group
gm.porto@azurebay.example;Sofia Lemos;Property managers
gm.sintra@azurebay.example;Paulo Reis;Property managers
frontdesk.porto@azurebay;Porto front desk;Night managers
ops@azurebay.example;Operations desk;Head office
faro.gm@azurebay.example;Rui Tavares;Property managers
revenue@azurebay.example;Revenue and groups;Revenue
night.sintra@azurebay.example;Sintra night desk;Nigth managers"""


def invite_nobody(page: browser.Page) -> None:
    page.get_by_label("Email addresses").fill("helena@azurebay")
    press("Send invitations")(page)


def begin_a_visit(page: browser.Page) -> None:
    page.get_by_label("Ticket").fill("SUP-4431")
    page.get_by_label("Reason").fill("Checking the SFTP failure that the customer reported.")
    press("Start looking")(page)


def begin_a_visit_and_raise_it(page: browser.Page) -> None:
    begin_a_visit(page)
    page.get_by_role("link", name="Act", exact=True).click()


def empty_a_tag(page: browser.Page) -> None:
    page.get_by_label("Value").first.fill("")
    press("Review")(page)


def change_a_tag(page: browser.Page) -> None:
    page.get_by_label("Value").first.fill("atlantic")
    press("Review")(page)


def open_account_menu(page: browser.Page) -> None:
    """At the side of a wide page, below a narrow one."""
    page.locator("[popovertarget=account]:visible").click()


def save_without_a_time(page: browser.Page) -> None:
    page.get_by_label("Schedule name").fill("")
    page.get_by_text("Weekly", exact=True).click()
    page.get_by_label("Monday", exact=True).uncheck()
    page.get_by_label("Shortest call, seconds").fill("")
    page.get_by_label("Recipients (optional)").fill("Night managers, nobody@")
    with page.expect_navigation():
        page.get_by_role("button", name="Save schedule").last.click()


def save_an_audience_without_a_name(page: browser.Page) -> None:
    page.get_by_label("Name", exact=True).fill("")
    press("Save audience")(page)


def save_a_colour_that_cannot_be_read(page: browser.Page) -> None:
    page.get_by_label("Brand colour").fill("#7ee0c1")
    page.get_by_label("Brand colour").press("Tab")
    page.locator("button:visible", has_text="Save branding").first.click()
    # The preview is drawn anew while the form is sent: neither tells that the other is there.
    page.locator("[aria-invalid=true]").first.wait_for()
    page.wait_for_load_state()


HERE = "/t/azure-bay"

GERMAN = [
    ("sign-in", "/accounts/login/", ""),
    ("account", "/accounts/", MARTA),
    ("home", f"{HERE}/", MARTA),
    ("jobs", f"{HERE}/jobs/", MARTA),
    ("job-failed", f"{HERE}/jobs/{{failed}}/", MARTA),
    ("schedule", f"{HERE}/schedules/{{schedule}}/", MARTA),
    ("schedule-edit", f"{HERE}/schedules/{{schedule}}/edit/", MARTA),
    ("occurrence-held", "/t/resorts/schedules/{held_schedule}/runs/{held_run}/", SOFIA),
    ("members", f"{HERE}/settings/members/", DUARTE),
    ("proof", f"{HERE}/jobs/{{single}}/files/{{single_file}}/proof/", MARTA),
    ("usage", f"{HERE}/settings/usage/", MARTA),
]

PAGES = [
    Page("sign-in", "/accounts/login/"),
    Page("sign-in-wrong", "/accounts/login/", act=sign_in_wrongly),
    Page("sign-in-invited", "/invitations/{invitation_known}/"),
    Page("sign-in-choose", "/choose/", MARTA),
    Page("sign-in-choose-staff", "/choose/", INES),
    Page("sign-in-choose-none", "/choose/", "stranger"),
    Page("signed-out", "/choose/", "stranger", act=press("Sign out")),
    Page("sign-out", "/accounts/logout/", MARTA),
    Page("sign-in-forgot", "/accounts/password/reset/"),
    Page("sign-in-forgot-done", "/accounts/password/reset/done/"),
    Page("new-password-too-late", "/accounts/password/reset/key/1-x/"),
    Page("new-password-done", "/accounts/password/reset/key/done/"),
    Page("account", "/accounts/", MARTA),
    Page("account-second-step", "/accounts/", "careful"),
    Page("sessions", "/accounts/sessions/", MARTA),
    Page("sign-in-code", "/accounts/login/", act=sign_in_to_the_second_step),
    Page("sign-in-code-wrong", "/accounts/login/", act=type_a_wrong_code),
    Page("second-step", "/accounts/2fa/totp/activate/", MARTA),
    Page("second-step-needed", "/accounts/2fa/totp/activate/?next=/t/azure-bay/", MARTA),
    Page("second-step-remove", "/accounts/2fa/totp/deactivate/", "careful"),
    Page("recovery-codes", "/accounts/2fa/recovery-codes/", "careful"),
    Page("recovery-codes-new", "/accounts/2fa/recovery-codes/generate/", "careful"),
    Page("new-password", "/accounts/password/reset/key/{reset_key}/"),
    Page("home-second-step-soon", "/t/harbour/", "hurried"),
    Page("password-change", "/accounts/password/change/", MARTA),
    Page("confirm", "/accounts/reauthenticate/", MARTA),
    Page("confirmed", "/accounts/confirmed/", MARTA),
    Page("invitation", "/invitations/{invitation}/"),
    Page("invitation-wrong", "/invitations/{invitation}/", status=422, act=accept_with_a_short_password),
    Page("invitation-known", "/invitations/{invitation_known}/", MARTA),
    Page("home", f"{HERE}/", MARTA),
    Page("home-first-run", "/t/saltmarsh/", MARTA),
    Page("home-quiet", "/t/lumen/", MARTA),
    Page("home-long", "/t/donau/", LONG),
    Page("account-menu", f"{HERE}/", MARTA, act=open_account_menu),
    Page("reports", f"{HERE}/reports/", MARTA),
    Page("reports-none", "/t/harbour/reports/", "newcomer"),
    Page("reports-not-found", f"{HERE}/reports/?q=minibar", MARTA),
    Page("reports-refused", "/t/saltmarsh/reports/", MARTA),
    Page("reports-run-refused", "/t/saltmarsh/reports/claims/run/", MARTA),
    Page("reports-run", f"{HERE}/reports/conversion/run/", MARTA),
    Page("reports-run-wrong", f"{HERE}/reports/conversion/run/", MARTA, 422, run_without_answers),
    Page("reports-run-long", "/t/donau/reports/reservierung/run/", LONG),
    Page("search", f"{HERE}/search/?q=overview", MARTA),
    Page("search-none", f"{HERE}/search/?q=minibar", MARTA),
    Page("search-empty", f"{HERE}/search/", RUI),
    Page("search-long", "/t/donau/search/?q=er", LONG),
    Page("jobs", f"{HERE}/jobs/", MARTA),
    Page("jobs-older", f"{HERE}/jobs/?before={{older}}", RUI),
    Page("jobs-empty", f"{HERE}/jobs/?status=failed&q=lisboa+rossio", MARTA),
    Page("jobs-none", "/t/saltmarsh/jobs/", MARTA),
    Page("jobs-long", "/t/donau/jobs/", LONG),
    Page("jobs-selected", f"{HERE}/jobs/", MARTA, act=select(2)),
    Page("jobs-revoke-links", f"{HERE}/jobs/", MARTA, act=select(2, "Revoke links")),
    Page("jobs-clear", f"{HERE}/jobs/clear/", MARTA),
    Page("jobs-clear-none", "/t/saltmarsh/jobs/clear/", MARTA),
    Page("job", f"{HERE}/jobs/{{delivered}}/", MARTA),
    Page("job-failed", f"{HERE}/jobs/{{failed}}/", MARTA),
    Page("job-queued", f"{HERE}/jobs/{{queued}}/", MARTA),
    Page("job-running", f"{HERE}/jobs/{{running}}/", MARTA),
    Page("job-retrying", f"{HERE}/jobs/{{retrying}}/", MARTA),
    Page("job-cancelled", f"{HERE}/jobs/{{cancelled}}/", MARTA),
    Page("job-to-look-at", "/t/lumen/jobs/{theirs}/", MARTA),
    Page("job-removed", f"{HERE}/jobs/{{removed}}/", MARTA),
    Page("job-long", "/t/donau/jobs/{long}/", LONG),
    Page("schedules", f"{HERE}/schedules/", MARTA),
    Page("schedules-selected", f"{HERE}/schedules/", MARTA, act=select(3)),
    Page("schedules-to-look-at", f"{HERE}/schedules/?status=paused", RUI),
    Page("schedules-empty", f"{HERE}/schedules/?q=minibar", MARTA),
    Page("schedules-none", "/t/saltmarsh/schedules/", MARTA),
    Page("schedule", f"{HERE}/schedules/{{schedule}}/", MARTA),
    Page("schedule-new-here", f"{HERE}/schedules/{{schedule_new}}/", RUI),
    Page("schedule-stopped", f"{HERE}/schedules/{{schedule_faulty}}/", MARTA),
    Page("schedule-edit", f"{HERE}/schedules/{{schedule}}/edit/", MARTA),
    Page("schedule-edit-new", f"{HERE}/schedules/new/", MARTA),
    Page("schedule-edit-wrong", f"{HERE}/schedules/new/", MARTA, 422, save_without_a_time),
    Page("schedule-edit-none", "/t/harbour/schedules/new/", "newcomer"),
    Page("schedule-duplicate", f"{HERE}/schedules/{{schedule_close}}/duplicate/", MARTA),
    Page("schedule-audiences", f"{HERE}/schedules/{{schedule}}/audiences/{{audience}}/", MARTA),
    Page("schedule-audiences-find", f"{HERE}/schedules/{{schedule}}/audiences/?person=ops", RUI),
    Page("schedule-audience-new", f"{HERE}/schedules/{{schedule}}/audiences/new/", MARTA, 422, save_an_audience_without_a_name),
    Page("schedule-audience-remove", f"{HERE}/schedules/{{schedule}}/audiences/{{audience}}/remove/", MARTA),
    Page("occurrence", f"{HERE}/schedules/{{schedule}}/runs/{{occurrence}}/", MARTA),
    Page("occurrence-all", f"{HERE}/schedules/{{schedule}}/runs/{{occurrence}}/?status=all", RUI),
    Page("occurrence-held", "/t/resorts/schedules/{held_schedule}/runs/{held_run}/", SOFIA),
    Page("occurrence-held-viewer", "/t/resorts/schedules/{held_schedule}/runs/{held_run}/", "tiago"),
    Page("job-held", "/t/resorts/jobs/{held_job}/", SOFIA),
    Page("home-held", "/t/resorts/", SOFIA),
    Page("recipients", f"{HERE}/recipients/", MARTA),
    Page("recipients-selected", f"{HERE}/recipients/", MARTA, act=select(2)),
    Page("recipients-viewer", "/t/lumen/recipients/", MARTA),
    Page("recipients-not-found", f"{HERE}/recipients/?q=minibar", MARTA),
    Page("recipients-none", "/t/saltmarsh/recipients/", MARTA),
    Page("recipients-long", "/t/donau/recipients/", LONG),
    Page("recipients-bounced", f"{HERE}/recipients/bounced/", MARTA),
    Page("recipients-stopped", f"{HERE}/recipients/stopped/", MARTA),
    Page("recipients-edit", f"{HERE}/recipients/{{helena}}/", MARTA),
    Page("recipients-edit-bounced", f"{HERE}/recipients/{{bounced}}/", MARTA),
    Page("recipients-edit-wrong", f"{HERE}/recipients/{{helena}}/", MARTA, 422, save_person_without_a_domain),
    Page("recipients-new", f"{HERE}/recipients/new/", MARTA),
    Page("recipients-remove", f"{HERE}/recipients/{{helena}}/remove/", MARTA),
    Page("recipients-erase", f"{HERE}/recipients/{{helena}}/erase/", DUARTE),
    Page("recipients-erase-wrong", f"{HERE}/recipients/{{helena}}/erase/", DUARTE, 422, press("Erase this person")),
    Page("recipients-erase-somebody", f"{HERE}/recipients/erase/", DUARTE),
    Page("recipients-groups", f"{HERE}/recipients/groups/", MARTA),
    Page("recipients-groups-none", "/t/saltmarsh/recipients/groups/", MARTA),
    Page("recipients-group", f"{HERE}/recipients/groups/{{property_managers}}/", MARTA),
    Page("recipients-group-wrong", f"{HERE}/recipients/groups/{{property_managers}}/", MARTA, 422, add_a_stranger),
    Page("recipients-group-new", f"{HERE}/recipients/groups/new/", MARTA),
    Page("recipients-group-remove", f"{HERE}/recipients/groups/{{property_managers}}/remove/", MARTA),
    Page("recipients-upload", f"{HERE}/recipients/upload/", MARTA),
    Page("recipients-upload-wrong", f"{HERE}/recipients/upload/", MARTA, 422, paste("Helena Freitas, Rui Tavares")),
    Page("recipients-import", f"{HERE}/recipients/upload/", MARTA, act=paste(LIST)),
    Page("links", f"{HERE}/links/", MARTA),
    Page("links-selected", f"{HERE}/links/", MARTA, act=select(2)),
    Page("links-revoke-selected", f"{HERE}/links/", MARTA, act=select(2, "Revoke")),
    Page("links-empty", f"{HERE}/links/?status=ended&q=minibar", MARTA),
    Page("links-none", "/t/saltmarsh/links/", MARTA),
    Page("schedule-mail", f"{HERE}/schedules/{{scheduled}}/mail/", MARTA),
    Page("schedule-mail-german", f"{HERE}/schedules/{{scheduled}}/mail/?language=de", RUI),
    Page("schedule-mail-long", "/t/donau/schedules/{scheduled_long}/mail/", LONG),
    Page("link", f"{HERE}/links/{{used}}/", MARTA),
    Page("link-locked", f"{HERE}/links/{{locked}}/", RUI),
    Page("link-revoke", f"{HERE}/links/{{revoke}}/revoke/", MARTA),
    Page("links-revoke-whose", f"{HERE}/links/revoke/", MARTA),
    Page("links-revoke", f"{HERE}/links/revoke/?job={{delivered}}", MARTA),
    Page("links-revoke-none", f"{HERE}/links/revoke/?address=nobody@azurebay.example", MARTA),
    Page("job-link-new", f"{HERE}/jobs/{{delivered}}/links/", MARTA),
    Page("job-link-wrong", f"{HERE}/jobs/{{delivered}}/links/", MARTA, 422, make_a_link_that_cannot_be),
    Page("job-correct", f"{HERE}/jobs/{{delivered}}/correct/", MARTA),
    Page("download", "/d/{link}"),
    Page("download-passcode", "/d/{link_passcode}"),
    Page("download-passcode-wrong", "/d/{link_passcode}", status=422, act=answer_wrongly),
    Page("download-code", "/d/{link_code}"),
    Page("download-code-sent", "/d/{link_code}", act=press("Send the passcode")),
    Page("download-locked", "/d/{link_locked}", status=404),
    Page("download-gone", "/d/{link_gone}", status=410),
    Page("download-preparing", "/d/{link_preparing}", status=503),
    Page("download-not-prepared", "/d/{link_not_prepared}", status=503),
    Page("download-superseded", "/d/{link_superseded}"),
    Page("download-asked", "/d/{link_expired_mailed}", status=404, act=press("Ask for a new link")),
    Page("download-german", "/d/{link_german}"),
    Page("download-withdrawn", "/d/{link_withdrawn}", status=410),
    Page("download-zip", "/d/{link_several}"),
    Page("archive", "/d/{archive}/", act=in_its_browser),
    Page("archive-nothing", "/d/{archive}/?q=minibar", act=in_its_browser),
    Page("archive-ask", "/d/{archive}/"),
    Page("archive-ask-wrong", "/d/{archive}/", status=422, act=press("Send me my reports")),
    Page("archive-way-in", "/a/{link_archive_fresh}"),
    Page("archive-used", "/a/{link_archive_used}", status=404),
    Page("download-one", "/d/{link_single}"),
    Page("unsubscribe", "/u/{link_stop}"),
    Page("download-which", "/d/{link}", status=422, act=download_nothing_in_particular),
    Page("download-long", "/d/{link_long}"),
    Page("download-expired", "/d/{link_expired}", status=404),
    Page("download-used-up", "/d/{link_used_up}", status=404),
    Page("download-revoked", "/d/{link_revoked}", status=404),
    Page("download-unknown", "/d/AZUREBAY/nothing-of-this-name", status=404),
    Page("keys-ended", f"{HERE}/settings/keys/?status=ended", MARTA),
    Page("keys-none", "/t/saltmarsh/settings/keys/", MARTA),
    Page("keys-long", "/t/donau/settings/keys/", LONG),
    Page("key-new", f"{HERE}/settings/keys/new/", MARTA),
    Page("key-new-wrong", f"{HERE}/settings/keys/new/", MARTA, 422, press("Make key")),
    Page("key-replace", f"{HERE}/settings/keys/{{key}}/replace/", MARTA),
    Page("key-revoke", f"{HERE}/settings/keys/{{key}}/revoke/", MARTA),
    Page("api-keys", f"{HERE}/settings/keys/", MARTA),
    Page("destinations", f"{HERE}/settings/destinations/", MARTA),
    Page("destinations-none", "/t/saltmarsh/settings/destinations/", MARTA),
    Page("destinations-long", "/t/donau/settings/destinations/", LONG),
    Page("destinations-sftp", f"{HERE}/settings/destinations/{{sftp}}/", MARTA),
    Page("destinations-s3", f"{HERE}/settings/destinations/{{bucket}}/", MARTA),
    Page("destination-chat", f"{HERE}/settings/destinations/{{chat}}/", MARTA),
    Page("destination-long", "/t/donau/settings/destinations/{sftp_long}/", LONG),
    Page("destination-new", f"{HERE}/settings/destinations/new/", MARTA),
    Page("destination-new-s3", f"{HERE}/settings/destinations/new/?kind=s3", MARTA),
    Page("destination-new-slack", f"{HERE}/settings/destinations/new/?kind=slack", MARTA),
    Page("destination-new-wrong", f"{HERE}/settings/destinations/new/", MARTA, 422, press("Save destination")),
    Page("destination-edit", f"{HERE}/settings/destinations/{{sftp}}/edit/", MARTA),
    Page("destination-host-key", f"{HERE}/settings/destinations/{{sftp}}/host-key/", MARTA),
    Page("destination-remove", f"{HERE}/settings/destinations/{{chat}}/remove/", MARTA),
    Page("webhooks", f"{HERE}/settings/webhooks/", MARTA),
    Page("webhooks-none", "/t/saltmarsh/settings/webhooks/", MARTA),
    Page("webhooks-long", "/t/donau/settings/webhooks/", LONG),
    Page("webhook-new", f"{HERE}/settings/webhooks/new/", MARTA),
    Page("webhook-new-wrong", f"{HERE}/settings/webhooks/new/", MARTA, 422, make_a_webhook_that_cannot_be),
    Page("webhook-log", f"{HERE}/settings/webhooks/{{webhook}}/", MARTA),
    Page("webhook-log-none", f"{HERE}/settings/webhooks/{{webhook_paused}}/?status=dead", MARTA),
    Page("webhook-off", f"{HERE}/settings/webhooks/{{webhook_off}}/", MARTA),
    Page("webhook-paused", f"{HERE}/settings/webhooks/{{webhook_paused}}/", MARTA),
    Page("webhook-long", "/t/donau/settings/webhooks/{webhook_long}/", LONG),
    Page("webhook-edit", f"{HERE}/settings/webhooks/{{webhook}}/edit/", MARTA),
    Page("webhook-replace", f"{HERE}/settings/webhooks/{{webhook_paused}}/replace/", MARTA),
    Page("webhook-replay", f"{HERE}/settings/webhooks/{{webhook}}/replay/", MARTA),
    Page("webhook-remove", f"{HERE}/settings/webhooks/{{webhook}}/remove/", MARTA),
    Page("webhook-message", f"{HERE}/settings/webhooks/{{webhook}}/messages/{{message}}/", MARTA),
    Page("webhook-message-long", "/t/donau/settings/webhooks/{webhook_long}/messages/{message_long}/", LONG),
    Page("members", f"{HERE}/settings/members/", DUARTE),
    Page("members-viewer", f"{HERE}/settings/members/", RUI),
    Page("member-invite", f"{HERE}/settings/members/invite/", DUARTE),
    Page("member-invite-wrong", f"{HERE}/settings/members/invite/", DUARTE, 422, invite_nobody),
    Page("member-remove", f"{HERE}/settings/members/{{member}}/remove/", DUARTE),
    Page("member-leave", f"{HERE}/settings/members/leave/", DUARTE),
    Page("support", f"{HERE}/settings/support/", DUARTE),
    Page("proof", f"{HERE}/jobs/{{single}}/files/{{single_file}}/proof/", MARTA),
    Page("audit", f"{HERE}/settings/audit/", MARTA),
    Page("audit-none", f"{HERE}/settings/audit/?who=nobody", MARTA),
    Page("staff-audit", "/staff/audit/", INES),
    Page("staff-tags", "/staff/tenants/azure-bay/tags/", INES),
    Page("staff-tags-wrong", "/staff/tenants/azure-bay/tags/", INES, 422, empty_a_tag),
    Page("staff-tags-review", "/staff/tenants/azure-bay/tags/", INES, act=change_a_tag),
    Page("staff-visit", "/staff/tenants/azure-bay/visit/", INES),
    Page("staff-visit-wrong", "/staff/tenants/azure-bay/visit/", INES, 422, press("Start looking")),
    Page("impersonation", "/staff/tenants/azure-bay/visit/", INES, act=begin_a_visit),
    Page("staff-visit-raise", "/staff/tenants/azure-bay/visit/", INES, act=begin_a_visit_and_raise_it),
    Page("branding", f"{HERE}/settings/branding/", MARTA),
    Page("branding-wrong", f"{HERE}/settings/branding/", MARTA, 422, save_a_colour_that_cannot_be_read),
    Page("branding-preview", f"{HERE}/settings/branding/preview/", MARTA),
    Page("branding-none", "/t/resorts/settings/branding/", SOFIA),
    Page("branding-long", "/t/donau/settings/branding/", LONG),
    Page("usage", f"{HERE}/settings/usage/", MARTA),
    Page("usage-none", "/t/saltmarsh/settings/usage/", MARTA),
    Page("usage-long", "/t/donau/settings/usage/", LONG),
    Page("staff-usage", "/staff/usage/", INES),
    Page("staff-usage-empty", "/staff/usage/?month=2020-02", INES),
    Page("staff-catalogue", "/staff/catalogue/", INES),
    Page("staff-search", "/staff/search/?q=azure", INES),
    Page("staff-queue", "/staff/queue/", INES),
    Page("staff-queue-paused", "/staff/queue/?status=paused", INES),
    Page("staff-queue-empty", "/staff/queue/?q=zebra", INES),
    Page("staff-queue-tenant", "/staff/queue/{busy_tenant}/", INES),
    Page("staff-queue-tenant-paused", "/staff/queue/{paused_tenant}/", INES),
    Page("staff-queue-tenant-long", "/staff/queue/{long_tenant}/", INES),
    Page("staff-retention", "/staff/tenants/{busy_tenant}/retention/", INES),
    Page("staff-retention-held", "/staff/tenants/{paused_tenant}/retention/", INES),
    Page("staff-retention-wrong", "/staff/tenants/{busy_tenant}/retention/", INES, 422, press("Save days")),
    Page("staff-capacity", "/staff/", INES),
    Page("staff-tenants", "/staff/tenants/", INES),
    Page("staff-tenants-empty", "/staff/tenants/?q=zebra", INES),
    Page("staff-tenant-new", "/staff/tenants/new/", INES),
    Page("staff-tenant-new-wrong", "/staff/tenants/new/", INES, 422, make_a_tenant_without_tags),
    Page("staff-tenant-invite", "/staff/tenants/saltmarsh/invite/", INES),
    Page("staff-tenant-begun", "/staff/tenants/saltmarsh/", INES),
    Page("staff-tenant", "/staff/tenants/{busy_tenant}/", INES),
    Page("staff-tenant-long", "/staff/tenants/{long_tenant}/", INES),
    Page("staff-tenant-suspended", "/staff/tenants/{suspended_tenant}/", INES),
    Page("staff-tenant-limits", "/staff/tenants/{busy_tenant}/limits/", INES),
    Page("staff-tenant-limits-wrong", "/staff/tenants/{busy_tenant}/limits/", INES, 422, press("Save limits")),
    Page("staff-tenant-grant", "/staff/tenants/{busy_tenant}/grant/", INES),
    Page("staff-tenant-take-back", "/staff/tenants/{busy_tenant}/grants/{busy_report}/take-back/", INES),
    Page("staff-tenant-suspend", "/staff/tenants/{busy_tenant}/suspend/", INES),
    Page("staff-tenant-suspend-wrong", "/staff/tenants/{busy_tenant}/suspend/", INES, 422, press("Suspend")),
    Page("staff-tenant-resume", "/staff/tenants/{suspended_tenant}/resume/", INES),
    Page("suspended", "/t/{suspended_tenant}/", VERA, 403),
    Page("link-resting", "/d/{link_resting}", status=403),
    Page("staff-templates", "/staff/templates/", INES),
    Page("staff-template", "/staff/templates/morning-calls/", INES),
    Page("staff-template-none", "/staff/templates/month-close/", INES),
    Page("staff-template-report", "/staff/templates/new/", INES),
    Page("staff-template-new", "/staff/templates/new/?report={busy_report}", INES),
    Page("staff-template-new-wrong", "/staff/templates/new/?report={busy_report}", INES, 422, press("Save template")),
    Page("staff-template-edit", "/staff/templates/morning-calls/edit/", INES),
    Page("staff-template-tenants", "/staff/templates/morning-calls/tenants/", INES),
    Page("staff-template-runs", "/staff/templates/morning-calls/runs/", INES),
    Page("staff-template-runs-none", "/staff/templates/month-close/runs/", INES),
    Page("staff-template-remove", "/staff/templates/morning-calls/remove/", INES),
    Page("staff-queue-clear", "/staff/queue/{busy_tenant}/clear/", INES),
    Page("staff-pause", "/staff/pauses/pause/?kind=tenant&name={busy_tenant}", INES),
    Page("staff-pause-wrong", "/staff/pauses/pause/?kind=delivery", INES, 422, press("Pause")),
    Page("staff-resume", "/staff/pauses/resume/?kind=tenant&name={paused_tenant}", INES),
    Page("staff-resume-none", "/staff/pauses/resume/?kind=account&name=main", INES),
    Page("staff-status", "/staff/status/", INES),
    Page("staff-status-wrong", "/staff/status/", INES, 422, press("Publish")),
    Page("staff-imports", "/staff/catalogue/import/", INES),
    Page("staff-import", "/staff/catalogue/import/{draft}/", INES),
    Page("staff-import-wrong", "/staff/catalogue/import/{draft}/", INES, 422, save_without_a_name),
    Page("staff-import-reading", "/staff/catalogue/import/{draft_reading}/", INES),
    Page("staff-import-claimed", "/staff/catalogue/import/{draft_claimed}/", INES),
    Page("staff-import-stopped", "/staff/catalogue/import/{draft_stopped}/", INES),
    Page("staff-import-discard", "/staff/catalogue/import/{draft}/discard/", INES),
    Page("staff-import-published", "/staff/catalogue/import/{draft_published}/", INES),
    Page("status", "/status/", during=faults.all_of_the_service_is_known),
    Page("error-400", "/accounts/login/", status=400, act=sign_in_with_a_book),
    Page("error-403", f"{HERE}/reports/conversion/run/", RUI, 403),
    Page("error-403-form", "/accounts/login/", status=403, act=sign_in_without_cookies),
    Page("error-404", "/no/such/page/", MARTA, 404),
    Page("error-429", "/accounts/login/", status=429, act=sign_in_wrongly, during=faults.everybody_signs_in_at_once),
    Page("error-500", f"{HERE}/", MARTA, 500, during=faults.a_table_is_gone),
    Page("error-503", f"{HERE}/", MARTA, 503, during=faults.the_database_does_not_answer),
    # Of the densest pages, because German words are longer. All others are read by tests/browser/test_german.py.
    *[Page(f"{page}-de", address, who, language="de") for page, address, who in GERMAN],
    # These add to what other pages show, so they come last.
    Page("key-made", f"{HERE}/settings/keys/new/", MARTA, act=make_a_key),
    Page("webhook-made", f"{HERE}/settings/webhooks/new/", MARTA, act=make_a_webhook),
    Page("unsubscribed", "/u/{link_stopped}", act=stop_the_mails),
    Page("archive-asked", "/d/{link_several}", act=press("Send me my reports")),
    Page("job-new-link", f"{HERE}/jobs/{{single}}/links/", MARTA, act=press("Make link")),
    Page("api-docs", "/api/docs/"),
    Page("api-docs-resource", "/api/docs/jobs/"),
    Page("api-docs-errors", "/api/docs/errors/"),
]

# Addresses that show no page, by their name in the URLconf.
NO_PAGE = {
    "root": "leads to a company or to the choice of one",
    "theme": "takes a form, leads back",
    "language": "takes a form, leads back",
    "mfa_reauthenticate": "the same page as the password's, for those who have a second step",
    "mfa_authenticate": "comes after the password: sign-in-code",
    "mfa_index": "leads to the account",
    "mfa_totp_picture": "a picture of second-step",
    "staff_tags_review": "drawn by what makes a draft: staff-tags-review",
    "staff_tags_discard": "takes a form, leads back",
    "staff_tags_dry_run": "takes a form, leads back",
    "staff_tags_dry_file": "takes a form, leads to the file",
    "audit_export": "a table for a spreadsheet",
    "proof_export": "a signed text",
    "proof_keys": "public keys as JSON",
    "member_role": "takes a form, leads to the members",
    "member_rules": "takes a form, leads to the members",
    "member_weekly_mail": "takes a form, leads to the members",
    "invitation_send": "takes a form, leads to the members",
    "invitation_withdraw": "takes a form, leads to the members",
    "support_set": "takes a form, leads to support access",
    "visit_end": "takes a form, leads to support access",
    "staff_status_end": "takes a form, leads back",
    "staff_visit_raise": "drawn by what begins a visit: staff-visit-raise",
    "staff_visit_end": "takes a form, leads to the company",
    "destination_test": "takes a form, leads to the destination",
    "webhook_pause": "takes a form, leads to the webhook",
    "webhook_resume": "takes a form, leads to the webhook",
    "webhook_test": "takes a form, leads to the webhook",
    "webhook_message_replay": "takes a form, leads to the message",
    "job_cancel": "takes a form, leads to the job",
    "job_release": "takes a form, leads to the job",
    "job_reject": "takes a form, leads to the job",
    "job_retry": "takes a form, leads to the new job",
    "job_file": "takes a form, leads to the file",
    "schedule_preview": "takes a form, answers with a part of its page",
    "schedule_pause": "takes a form, leads back",
    "schedule_resume": "takes a form, leads back",
    "schedule_run": "takes a form, leads to the run",
    "schedule_remove": "takes a form, leads to the list",
    "schedules_pause": "takes a form, leads back",
    "schedules_resume": "takes a form, leads back",
    "schedules_remove": "takes a form, leads back",
    "schedules_undo": "takes a form, leads back",
    "recipients_remove": "takes a form, leads back",
    "recipients_undo": "takes a form, leads back",
    "jobs_retry": "takes a form, leads back",
    "jobs_cancel": "takes a form, leads back",
    "jobs_send_again": "takes a form, leads back",
    "jobs_revoke_links": "drawn by the list of jobs: jobs-revoke-links",
    "jobs_export": "a table for a spreadsheet",
    "links_revoke_selected": "drawn by the list of links: links-revoke-selected",
    "occurrence_export": "a table for a spreadsheet",
    "occurrence_decide": "takes a form, leads to the run",
    "occurrence_retry": "takes a form, leads to the run",
    "delivery_try": "takes a form, leads to the run",
    "schedule_mail_view": "the mail's own document, in the frame of the page schedule-mail",
    "schedule_mail_test": "takes a form, leads back",
    "staff_import_read": "takes a form, leads back",
    "staff_import_choose": "takes a form, leads back",
    "staff_import_agree": "takes a form, leads back",
    "brand": "a style sheet",
    "brand_logo": "a picture",
    "branding_save": "takes a form, leads back; drawn by what is wrong in it: branding-wrong",
    "branding_style": "a style sheet",
    "recipients_export": "a file",
    "usage_export": "a file",
    "staff_usage_export": "a file",
    "recipient_send_again": "takes a form, leads back",
    "recipient_group_people": "takes a form, leads to the group",
    "healthz": "for load balancers",
    "readyz": "for load balancers",
    "metrics": "for Prometheus",
}
# Answers JSON to programs.
NO_PAGES_OF = "reports.api"
