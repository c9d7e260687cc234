"""The page of what a company used, its table as a file, and the same of all companies for platform staff."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from django.utils import timezone

from portal.usage_chart import chart
from reports import usage
from reports.models import DailyUsage
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_grant, make_job, make_recipient, make_report

pytestmark = pytest.mark.django_db
PAGE, FILE = "/t/acme/settings/usage/", "/t/acme/settings/usage/export/"
STAFF, STAFF_FILE = "/staff/usage/", "/staff/usage/export/"
FORMULA = '=HYPERLINK("http://evil.example")'


def limit(tenant: Tenant, **limits: int) -> None:
    with platform_scope():
        Tenant.objects.filter(pk=tenant.pk).update(**limits)


def used(tenant: Tenant, day: date | None = None, **counts) -> None:
    day = day or usage.day_of(tenant, timezone.now())
    with tenant_scope(tenant):
        DailyUsage.objects.create(tenant=tenant, day=day, **{"recounted_at": timezone.now()} | counts)


def words(answer) -> str:
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def lines(answer) -> list[list[str]]:
    assert answer.status_code == 200
    text = answer.content.decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


@pytest.fixture
def as_ines(client, ines):
    client.force_login(ines)
    return client


class TestTheCompanysPage:
    def test_shows_what_is_used_of_each_limit(self, as_adam, acme):
        limit(acme, jobs_per_day=200, max_recipients=250, max_storage_bytes=50 * 1024**3)
        make_recipient(tenant=acme)
        used(acme, jobs=47, stored_bytes=41 * 1024**3)

        page = words(as_adam.get(PAGE))

        assert all(text in page for text in ("47 of 200", "1 of 250", "41.0 GB of 50.0 GB", "No limit"))

    def test_warns_at_eighty_percent_and_says_what_happens_at_the_limit(self, as_adam, acme):
        limit(acme, max_recipients=5)
        for _ in range(4):
            make_recipient(tenant=acme)

        page = words(as_adam.get(PAGE))

        assert "Recipients: 4 of 5 are used." in page
        assert "At the limit nobody can be added to the address book." in page

    def test_says_that_all_is_used(self, as_adam, acme):
        limit(acme, jobs_per_day=3)
        used(acme, jobs=3)

        assert "Jobs today: all of 3 are used." in words(as_adam.get(PAGE))

    def test_does_not_warn_before(self, as_adam, acme):
        limit(acme, max_recipients=5)
        for _ in range(3):
            make_recipient(tenant=acme)

        assert "are used" not in words(as_adam.get(PAGE))

    def test_says_how_jobs_divide_by_report_and_by_start(self, as_adam, acme):
        reports = [make_report(name=name) for name in ("Call detail export", "SLA compliance")]
        for report in reports:
            make_grant(tenant=acme, report=report)
        by_report = {str(report.pk): number for report, number in zip(reports, (30, 10), strict=True)}
        used(acme, jobs=40, jobs_by_report=by_report, jobs_by_start={"schedule": 25, "api": 7, "compat": 3, "page": 4, "retry": 1})

        page = words(as_adam.get(PAGE))

        assert page.index("Call detail export") < page.index("SLA compliance")
        assert '30 <span class="muted">75%</span>' in page
        assert all(f'<dt>{word}</dt><dd class="num">{n}</dd>' in page for word, n in (("Schedules", 25), ("API", 10), ("By hand", 5)))

    def test_tells_nothing_of_a_report_of_others(self, as_adam, acme, globex):
        theirs = make_report(name="Airline secrets")
        make_grant(tenant=globex, report=theirs)
        used(acme, jobs=1, jobs_by_report={str(theirs.pk): 1})

        page = words(as_adam.get(PAGE))

        assert "Airline secrets" not in page
        assert "A report that is gone" in page

    def test_shows_a_past_month_without_the_limits_of_now(self, as_adam, acme):
        limit(acme, jobs_per_day=200)
        used(acme, date(2026, 3, 29), jobs=12, completed=11, failed=1)

        page = words(as_adam.get(f"{PAGE}?month=2026-03"))

        assert "March 2026" in page
        assert "11 delivered and 1 failed; the most on one day, 12, on 29 March." in page
        assert 'id="limits"' not in page

    def test_offers_each_month_of_which_something_is_known(self, as_adam, acme):
        today = usage.day_of(acme, timezone.now())
        before = usage.month_of(usage.month_of(today) - timedelta(days=1))
        used(acme, before, jobs=1)

        page = words(as_adam.get(PAGE))

        assert page.count("<option") == 2
        assert f'<option value="{before:%Y-%m}">' in page

    @pytest.mark.parametrize("month", ["2026-13", "x", "9999-12", "2026-3"])
    @pytest.mark.parametrize("path", [PAGE, FILE])
    def test_is_not_there_for_what_is_no_month_that_has_begun(self, path, month, as_adam, acme):
        assert as_adam.get(path, {"month": month}).status_code == 404

    @pytest.mark.parametrize("path", [PAGE, FILE])
    def test_is_for_owners_and_admins(self, path, as_alice, acme):
        assert as_alice.get(path).status_code == 403

    def test_draws_without_inline_style_or_script(self, as_adam, acme, daily_calls):
        make_job(tenant=acme, report=daily_calls)
        used(acme, jobs=1, completed=1)

        page = words(as_adam.get(PAGE))

        assert " style=" not in page

    def test_as_a_file_has_a_line_for_each_day(self, as_adam, acme):
        for day in (2, 1):
            used(acme, date(2026, 3, day), jobs=day, stored_bytes=5)

        answer = as_adam.get(f"{FILE}?month=2026-03")

        head, *days = lines(answer)
        assert head[:2] == ["Day", "Jobs"]
        assert [(row[0], row[1], row[-1]) for row in days] == [("2026-03-01", "1", "5"), ("2026-03-02", "2", "5")]
        assert answer["Content-Disposition"] == 'attachment; filename="usage-acme-2026-03.csv"'


class TestTheStaffsPage:
    def test_shows_each_tenant_and_all_together(self, as_ines, acme, globex):
        used(acme, jobs=1200, report_units=9, downloads=3)
        used(globex, jobs=34, report_units=1)

        page = words(as_ines.get(STAFF))

        assert all(text in page for text in (acme.name, globex.name, "1,200", "1,234"))

    @pytest.mark.parametrize(
        ("sort", "order"),
        [
            ("-jobs", ["globex", "acme"]),
            ("jobs", ["acme", "globex"]),
            ("name", ["acme", "globex"]),
            ("-name", ["globex", "acme"]),
            ("-stored_bytes", ["acme", "globex"]),
            ("password", ["globex", "acme"]),
        ],
    )
    def test_is_sorted_by_any_column(self, sort, order, as_ines, acme, globex):
        used(acme, jobs=1, stored_bytes=7)
        used(globex, jobs=2, stored_bytes=3)

        page = words(as_ines.get(STAFF, {"sort": sort}))

        assert sorted(order, key=lambda slug: page.index(f'<span class="mono">{slug}</span>')) == order

    def test_says_when_nothing_was_used(self, as_ines, acme):
        assert "No tenant has made a report in this month." in words(as_ines.get(STAFF))

    def test_as_a_file_has_all_tenants_and_nothing_that_a_spreadsheet_runs(self, as_ines, acme, globex):
        with platform_scope():
            Tenant.objects.filter(pk=acme.pk).update(name=FORMULA)
        used(acme, jobs=4)
        used(globex, jobs=5)

        _head, *rows = lines(as_ines.get(STAFF_FILE))

        assert [(row[0], row[1], row[2]) for row in rows] == [(f"'{FORMULA}", "acme", "4"), (globex.name, "globex", "5")]

    @pytest.mark.parametrize("path", [STAFF, STAFF_FILE])
    def test_is_not_there_for_members(self, path, as_adam, acme):
        assert as_adam.get(path).status_code == 404


@pytest.mark.parametrize(("most", "top"), [(0, "4"), (4, "4"), (5, "8"), (67, "80"), (81, "200"), (1001, "2,000"), (999_999, "2,000,000")])
def test_the_chart_goes_up_to_the_next_number_that_people_count_in(most, top):
    month = usage.Month(
        date(2026, 3, 1), [DailyUsage(day=date(2026, 3, 1), completed=most)], {"completed": most, "failed": 0}, 0, {}, {}, None
    )

    drawn = chart(month)

    assert drawn.lines[-1].word == top
    assert all(float(bar.y) >= 0 and float(bar.y) + float(bar.height) <= 180.1 for bar in drawn.bars)
