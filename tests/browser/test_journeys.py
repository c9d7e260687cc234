"""What the product is for, done in a browser by somebody who was never told how, with script and without."""

from __future__ import annotations

import io

import pypdf
import pytest
from playwright.sync_api import expect

from portal.local.aws.dataset import calls
from tests.browser import walking
from tests.browser.cast import LIVELY_REPORT as REPORT
from tests.browser.visit import MOBILE, Visitors

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
