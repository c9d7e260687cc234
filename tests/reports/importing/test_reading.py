"""What the worker finds in QuickSight, over HTTP to the pretend AWS."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports import tasks
from reports.aws import clients, quicksight
from reports.importing import asking, working
from reports.importing.wanted import May
from reports.models import CatalogueImport
from reports.refused import Refused
from tenants.scope import platform_scope
from tests.factories import make_import, make_report, make_tenant

pytestmark = pytest.mark.django_db


def test_every_dashboard_of_the_account_is_listed_with_its_version(desk):
    listed = desk.draft.dashboards

    assert [(row["id"], row["name"], row["version"]) for row in listed] == [
        ("agent-scorecard", "Agent scorecard", 1),
        ("daily-calls", "Daily call volume", 1),
        ("market-benchmark", "Market benchmark", 1),
    ]
    assert listed[0]["published_at"].startswith("2026-10-01T09:00")
    assert desk.draft.work == ""


def test_a_list_of_several_pages_is_read_to_its_end(desk, aws, monkeypatch):
    monkeypatch.setattr(quicksight, "LIST_PAGE", 1)
    asked = aws.control.stats()["calls"]["ListDashboards"]

    desk.ask(asking.read_again)
    desk.work()

    assert len(desk.draft.dashboards) == 3
    assert aws.control.stats()["calls"]["ListDashboards"] - asked == 3


def test_a_chosen_dashboard_is_shown_with_its_sheets_and_visuals(desk):
    desk.choose("daily-calls")

    found = desk.draft.found
    assert (found["name"], found["version"]) == ("Daily call volume", 1)
    assert [(sheet["id"], sheet["name"], len(sheet["visuals"])) for sheet in found["sheets"]] == [
        ("sheet-1", "Overview", 3),
        ("sheet-2", "Queues", 1),
    ]
    assert {(visual["title"], visual["exportable"]) for visual in found["sheets"][0]["visuals"]} == {
        ("Calls per day", False),
        ("Outcomes by region", True),
        ("Calls", True),
    }


def test_the_proposal_is_the_first_sheet_with_all_that_can_be_exported(desk):
    desk.choose("daily-calls")

    wanted = desk.wanted
    assert (wanted.sheet_id, sorted(wanted.visual_ids)) == ("sheet-1", ["pivot-1", "table-1"])
    assert (wanted.name, wanted.slug, wanted.formats) == ("Daily call volume", "daily-call-volume", ["PDF", "CSV", "EXCEL"])
    assert wanted.tenants == []


def test_parameters_come_with_their_types_defaults_and_the_values_of_their_controls(desk):
    desk.choose("daily-calls")

    region, start, _, seconds, _ = desk.wanted.parameters
    assert (region.name, region.type, region.multiple, region.may) == ("Region", "string", True, May.LISTED)
    assert region.choices == region.default == ["North", "South", "East", "West"]
    assert (start.name, start.type, start.may, start.default) == ("From", "datetime", May.FREE, [])
    assert (seconds.name, seconds.type, seconds.default) == ("MinSeconds", "integer", [0])


def test_each_data_set_tells_its_rule(desk):
    desk.choose("daily-calls")

    calls = desk.data_set("calls")
    assert (calls["name"], calls["enabled"], calls["keys"], calls["match_all"], calls["problem"]) == (
        "Calls",
        True,
        ["tenant_id"],
        ["*"],
        "",
    )
    assert desk.draft.verdict["required_tags"] == ["tenant_id"]
    assert desk.open_faults == []


def test_a_tenant_without_the_tag_is_told_apart_and_no_value_is_kept(desk, acme):
    make_tenant(slug="hollis", name="Hollis Health", session_tags={"desk": "all-of-hollis"})
    make_tenant(slug="star", name="Star", session_tags={"tenant_id": "*"})

    desk.choose("daily-calls")

    assert desk.tenant("Acme Hotels") == {"id": str(acme.pk), "name": "Acme Hotels", "missing": [], "problem": ""}
    assert desk.tenant("Hollis Health")["missing"] == ["tenant_id"]
    assert "means all rows" in desk.tenant("Star")["problem"]
    assert "all-of-hollis" not in str(vars(desk.draft))


@pytest.mark.parametrize(("status", "sentence"), [("DISABLED", "The tag rules are switched off."), ("NONE", "There are no tag rules.")])
def test_a_data_set_whose_rules_are_off_holds_nobody_back(desk, aws, status, sentence):
    aws.control.rules("calls", status)

    desk.choose("daily-calls")

    assert desk.open_faults == [f"Calls: {sentence} Everybody would see every row. Turn on tag-based rules in QuickSight."]
    assert desk.data_set("calls")["has_rules"] is (status == "DISABLED")


def test_a_slug_and_a_sheet_that_the_catalogue_has_are_told(desk, account):
    make_report(slug="daily-call-volume", name="Something else", account=account)
    make_report(slug="calls", name="Calls by day", account=account, dashboard_id="daily-calls", sheet_id="sheet-1")

    desk.choose("daily-calls")

    assert sorted(desk.open_faults) == [
        "The slug “daily-call-volume” is taken by “Something else”.",
        "This sheet is in the catalogue already, as “Calls by day”.",
    ]


def test_a_dashboard_that_vanished_meanwhile_is_told_and_the_list_stays(desk):
    with platform_scope():
        CatalogueImport.objects.update(
            dashboards=[*desk.draft.dashboards, {"id": "gone", "name": "Gone", "version": 1, "published_at": None}]
        )

    desk.choose("gone")

    assert (desk.draft.work, desk.draft.found) == ("", {})
    assert desk.draft.fault == "There is no dashboard “gone” in account “main” any more. Read the dashboards again."


def test_a_dashboard_that_was_not_listed_cannot_be_chosen(desk):
    with pytest.raises(Refused, match="not in the list"):
        desk.choose("somebody-elses")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDeniedException", "QuickSight refused access to account “main” (AccessDeniedException)."),
        ("UnsupportedUserEditionException", "QuickSight refused access to account “main” (UnsupportedUserEditionException)."),
        ("InternalFailureException", "QuickSight did not answer for account “main” (InternalFailureException)."),
        ("ThrottlingException", "QuickSight did not answer for account “main” (ThrottlingException)."),
    ],
)
def test_what_quicksight_does_not_answer_is_told_and_may_be_asked_again(desk, aws, code, sentence):
    aws.control.fail_next("DescribeDashboard", code)
    desk.choose("daily-calls")
    told = desk.draft.fault

    desk.ask(asking.read_again)
    desk.work()

    assert sentence in told
    assert (desk.draft.fault, desk.draft.found["name"]) == ("", "Daily call volume")


def test_keys_that_are_refused_are_told_as_a_refusal_and_not_as_silence(desk, aws, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-somebody-else")
    clients.forget()

    desk.choose("daily-calls")

    assert desk.draft.fault.startswith("QuickSight refused access to account “main” (InvalidSignatureException).")


def test_a_data_set_that_cannot_be_described_closes_the_draft(desk, aws):
    aws.control.fail_next("DescribeDataSet", "ResourceNotFoundException")

    desk.choose("daily-calls")

    assert "The tag rules of data set “calls” cannot be read." in desk.open_faults
    assert desk.draft.verdict["data_sets"] == []


def test_what_was_found_for_an_older_turn_is_dropped(desk):
    stale = desk.draft.turn
    desk.ask(asking.choose, "daily-calls")

    working.work(desk.pk, stale, timezone.now())

    assert (desk.draft.work, desk.draft.found) == ("check", {})


def test_two_messages_for_one_turn_do_no_harm(desk):
    desk.ask(asking.choose, "daily-calls")
    turn = desk.draft.turn

    for _ in range(2):
        working.work(desk.pk, turn, timezone.now())

    assert desk.draft.found["name"] == "Daily call volume"


def test_a_lost_message_is_sent_again_after_two_minutes(desk):
    desk.ask(asking.choose, "daily-calls")
    soon, late = timezone.now() + timedelta(seconds=110), timezone.now() + timedelta(seconds=130)

    assert working.overdue(soon) == []
    assert working.overdue(late) == [(desk.pk, desk.draft.turn)]


def test_work_that_never_ends_is_given_up_after_three_tries(desk):
    desk.ask(asking.choose, "daily-calls")
    with platform_scope():
        CatalogueImport.objects.update(tries=3)

    desk.work()

    assert desk.draft.work == ""
    assert desk.draft.fault.startswith("The worker began this 3 times")


def test_abandoned_drafts_are_tidied_by_the_hour(desk, account, ines):
    old = make_import(account=account, asked_by=ines, now=timezone.now() - timedelta(days=31))

    tasks.tidy()

    with platform_scope():
        assert list(CatalogueImport.objects.values_list("pk", flat=True)) == [desk.pk]
    assert old.pk != desk.pk
