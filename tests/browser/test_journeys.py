"""What the product is for, done in a browser by somebody who was never told how, with script and without."""

from __future__ import annotations

import io

import pypdf
import pytest
from playwright.sync_api import expect

from portal.local.aws.dataset import calls
from reports.models import Schedule
from tenants import invitations
from tenants.models import Invitation, Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.browser import walking
from tests.browser.cast import LIVELY_REPORT as REPORT
from tests.browser.visit import MOBILE, Visitors
from tests.factories import PASSWORD, make_schedule

EITHER_WAY = pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
OURS = {call["call_id"] for call in calls() if call["tenant_id"] == "acme"}


@EITHER_WAY
def test_somebody_signs_in_runs_a_report_sees_it_finish_and_has_the_file(script, acme: str, visitors: Visitors):
    with visitors.window(script=script) as visit:
        page = visit.page
        walking.sign_in(page, acme)
        walking.run(page, REPORT, "CSV")
        began, pages = page.locator("h1 + .badge").inner_text(), len(visit.answers)

        walking.wait_for(page, "Delivered", script=script)

        pages_since = len(visit.answers) - pages
        file = walking.downloaded(page, page.get_by_role("button", name="Download", exact=True).click)

    assert began in ("Queued", "Submitted", "Rendering")
    assert (pages_since == 0) is script
    assert walking.call_ids(file) <= OURS
    assert len(walking.call_ids(file)) == 20
    assert visit.complaints == []


@EITHER_WAY
def test_a_report_that_fails_says_why_and_is_run_again(script, acme: str, visitors: Visitors):
    visitors.stack.aws.control.fail_jobs(error_type="DASHBOARD_ACCESS_DENIED", message="The dashboard was taken away.")

    with visitors.window(script=script, size=MOBILE) as visit:
        page = visit.page
        walking.sign_in(page, acme)
        walking.run(page, REPORT, "PDF")
        walking.wait_for(page, "Failed", script=script)
        told = page.get_by_role("main").inner_text()
        failed = page.url
        page.goto("/t/acme/")
        attention = page.get_by_role("region", name="Needs attention").get_by_role("listitem").filter(has_text=REPORT)

        attention.get_by_role("button", name="Run again").click()
        walking.wait_for(page, "Delivered", script=script)

        again = page.url
        page.goto("/t/acme/")
        expect(page.get_by_role("region", name="Needs attention")).to_have_count(0)

    assert "QuickSight could not render this report." in told
    assert "Run the report again." in told
    assert "DASHBOARD_ACCESS_DENIED: The dashboard was taken away." in told
    assert again != failed
    assert visit.complaints == []


@EITHER_WAY
def test_a_link_hands_a_report_to_somebody_without_an_account_until_it_is_revoked(script, acme: str, visitors: Visitors):
    with visitors.window(script=script) as owner, visitors.window(script=script, size=MOBILE) as customer:
        walking.sign_in(owner.page, acme)
        walking.run(owner.page, REPORT, "PDF")
        walking.wait_for(owner.page, "Delivered", script=script)
        owner.page.get_by_role("link", name="New link").click()
        owner.page.get_by_role("button", name="Make link").click()
        address = owner.page.locator("#new-link").inner_text()

        customer.page.goto(address)
        file = walking.downloaded(customer.page, customer.page.get_by_role("button", name="Download").click)
        owner.page.reload()
        seen_by_owner = owner.page.get_by_role("region", name="Links and downloads").inner_text()
        owner.page.get_by_role("link", name="Revoke LNK").click()
        owner.page.get_by_role("button", name="Revoke 1 link").click()
        revoked = owner.page.get_by_role("main").inner_text()
        customer.page.reload()
        refused = customer.page.get_by_role("main").inner_text()

    words = "".join(part.extract_text() for part in pypdf.PdfReader(io.BytesIO(file)).pages).split()
    assert {word for word in words if word in {call["call_id"] for call in calls()}} <= OURS
    assert "Acme" in words
    assert "1 of 50" in seen_by_owner
    assert "It opens nothing any more." in revoked
    assert customer.status == 404
    assert "This link was withdrawn" in refused
    assert owner.complaints + customer.complaints == []


@EITHER_WAY
def test_schedules_are_selected_with_the_keyboard_paused_together_and_put_back(script, acme: str, visitors: Visitors):
    names = [f"Morning pack {number}, {'with' if script else 'without'} script" for number in range(2)]
    visitors.stack.rows(_schedules, names)

    with visitors.window(script=script) as visit:
        page = visit.page
        walking.sign_in(page, acme)
        page.goto("/t/acme/schedules/")
        bar = page.get_by_role("region", name="Selected schedules")
        seen_before = bar.is_visible()
        for name in names:
            page.get_by_role("checkbox", name=f"Select {name}").focus()
            page.keyboard.press("Space")
        counted = bar.inner_text()

        bar.get_by_role("button", name="Pause").press("Enter")
        told = page.get_by_role("status").filter(has_text="2 schedules paused")
        told.wait_for()
        violations = visit.violations() if script else []
        rows = [page.get_by_role("row").filter(has_text=name).count() for name in names]
        told.get_by_role("button", name="Undo").press("Enter")
        page.get_by_text("Undone: 2 schedules are on again.").wait_for()

    assert seen_before is not script
    assert ("2 schedules selected" in counted) is script
    assert violations == []
    assert rows == [0, 0]
    assert visitors.stack.rows(_running, names) == 2
    assert visit.complaints == []


def _tenant(slug: str) -> Tenant:
    with platform_scope():
        return Tenant.objects.get(slug=slug)


def _schedules(names: list[str]) -> None:
    acme = _tenant("acme")
    with tenant_scope(acme):
        report = acme.grants.get(report__slug="daily-calls").report
    for name in names:
        make_schedule(tenant=acme, report=report, name=name)


def _running(names: list[str]) -> int:
    acme = _tenant("acme")
    with tenant_scope(acme):
        return Schedule.objects.filter(name__in=names, enabled=True).count()


@EITHER_WAY
def test_staff_make_a_company_whose_owner_comes_by_the_invitation_and_runs_a_report(script, acme: str, visitors: Visitors):
    slug = f"kestrel-{'with' if script else 'without'}-script"

    with visitors.window("ines", script=script) as staff, visitors.window(script=script) as owner:
        page = staff.page
        page.goto("/staff/tenants/")
        page.get_by_role("link", name="New tenant").first.click()
        page.get_by_label("Name", exact=True).fill("Kestrel Rail")
        page.get_by_label("Slug").fill(slug)
        page.get_by_label("Time zone").select_option("Europe/London")
        page.get_by_role("checkbox", name=REPORT).check()
        page.get_by_label("tenant_id").fill("acme")
        page.get_by_label("Email of its first owner").fill(f"kim@{slug}.example")
        page.get_by_role("button", name="Make tenant").click()
        page.get_by_role("heading", level=1, name="Kestrel Rail").wait_for()
        begun = page.get_by_role("region", name="Setting up").inner_text()

        owner.page.goto(visitors.stack.rows(_invitation, slug))
        owner.page.get_by_label("Name").fill("Kim Kestrel")
        owner.page.get_by_label("Password", exact=True).fill(PASSWORD)
        owner.page.get_by_role("button", name="Accept invitation").click()
        owner.page.get_by_role("heading", level=1).filter(has_text="Welcome").wait_for()
        walking.run(owner.page, REPORT, "CSV")
        walking.wait_for(owner.page, "Delivered", script=script)
        file = walking.downloaded(owner.page, owner.page.get_by_role("button", name="Download", exact=True).click)

        page.reload()
        later = page.get_by_role("region", name="Setting up")
        done = [
            step.inner_text().split(",")[0].strip()
            for step in later.get_by_role("listitem").filter(has_text="done").locator(".title").all()
        ]

    assert f"kim@{slug}.example" in begun
    assert walking.call_ids(file) <= OURS
    assert len(walking.call_ids(file)) == 20
    assert done == ["Session tags", "Reports", "Owner invited", "Owner signed in", "First report run"]
    assert staff.complaints + owner.complaints == []


def _invitation(slug: str) -> str:
    """Where its mail leads, without the host."""
    with tenant_scope(_tenant(slug)):
        address = invitations.url(Invitation.objects.select_related("tenant").get())
    return address[address.index("/invitations/") :]
