"""What stands between a draft and the catalogue, for dashboards of every kind of row rules. Plain values, no database."""

from __future__ import annotations

from typing import Any

import pytest

from reports.aws.catalogue import Dashboard, DataSet, DeclaredParameter, Definition, Sheet, TagRule, Visual
from reports.importing.checking import TenantTags, check, isolation, preflight_of
from reports.importing.contents import Contents
from reports.importing.wanted import May, Wanted, WantedParameter, proposal
from reports.preflight import ReportFacts, preflight

ACME = TenantTags("1", "Acme Hotels", {"tenant_id": "acme"})
ARN = "arn:aws:quicksight:eu-west-1:111122223333:dataset/"


def data_set(pk: str, *keys: str, enabled: bool = True, groups: tuple[tuple[str, ...], ...] = ()) -> DataSet:
    rules = tuple(TagRule(key, key, ",", "*") for key in keys)
    return DataSet(pk, pk.title(), enabled and bool(keys), rules, groups)


def contents(
    *data_sets: DataSet, unreadable: tuple[str, ...] = (), parameters: tuple[DeclaredParameter, ...] = (), **hints: Any
) -> Contents:
    arns = tuple(ARN + pk for pk in (*(item.id for item in data_sets), *unreadable))
    visuals = (Visual("table-1", "sheet-1", "TableVisual", "Calls"), Visual("kpi-1", "sheet-1", "KPIVisual", ""))
    dashboard = Dashboard("calls", "Calls by day", 3, (Sheet("sheet-1", "Overview"),), arns)
    return Contents(dashboard, Definition(visuals, parameters, **hints), {item.id: item for item in data_sets})


def faults(read: Contents, *, opened: tuple[str, ...] = (), known: TenantTags = ACME, **wanted: Any) -> list[tuple[str, str]]:
    chosen = Wanted(**vars(proposal(read)) | wanted)
    return [(fault["at"], fault["text"]) for fault in check(read, chosen, opened, [known], [])["faults"]]


@pytest.mark.parametrize(
    ("data_sets", "required"),
    [
        ([data_set("calls", "tenant_id")], ["tenant_id"]),
        ([data_set("calls", "tenant_id", "role")], ["role", "tenant_id"]),
        ([data_set("calls", "tenant_id", "desk", groups=(("tenant_id",), ("tenant_id", "desk")))], ["tenant_id"]),
        ([data_set("calls", "tenant_id", "role"), data_set("hotels", "tenant_id")], ["tenant_id"]),
        ([data_set("calls", "tenant_id"), data_set("rates")], ["tenant_id"]),
        ([data_set("calls", "tenant_id", enabled=False)], []),
    ],
)
def test_the_keys_that_hold_back_every_data_set_are_required(data_sets, required):
    assert isolation(contents(*data_sets), ()).required_tags == required


def test_data_sets_without_a_key_in_common_do_not_hold():
    told = faults(contents(data_set("calls", "tenant_id"), data_set("hotels", "company")))

    assert [at for at, _text in told] == ["rows", "rows"]
    assert "Data set “Calls” (calls) has no tag rule for “company”." in told[0][1]
    assert "Data set “Hotels” (hotels) has no tag rule for “tenant_id”." in told[1][1]


def test_one_data_set_without_a_rule_is_told_alone_and_tenants_stay_ready():
    read = contents(data_set("calls", "tenant_id"), data_set("rates"))

    verdict = check(read, proposal(read), (), [ACME], [])

    assert [item["problem"] != "" for item in verdict["data_sets"]] == [False, True]
    assert verdict["tenants"] == [{"id": "1", "name": "Acme Hotels", "missing": [], "problem": ""}]


def test_an_open_data_set_closes_its_own_fault_and_no_other():
    mixed = contents(data_set("calls", "tenant_id"), data_set("rates"))
    unheld = contents(data_set("calls", "tenant_id", enabled=False), data_set("rates"))

    assert faults(mixed, opened=("rates",)) == []
    ((at, text),) = faults(unheld, opened=("rates",))
    assert (at, text[:36]) == ("rows", "Calls: The tag rules are switched of")
    assert preflight_of(mixed, proposal(mixed), ("rates",)).status == "passed"


def test_a_published_report_with_one_open_data_set_is_still_asked_for_the_rules_of_the_others():
    facts = ReportFacts("calls", "sheet-1", required_tags=frozenset({"tenant_id"}), open_data_sets=frozenset({"rates"}))

    kept = preflight(contents(data_set("calls", "tenant_id"), data_set("rates")), facts)
    switched_off = preflight(contents(data_set("calls", "tenant_id", enabled=False), data_set("rates")), facts)
    joined = preflight(contents(data_set("calls", "tenant_id"), data_set("rates"), data_set("wages")), facts)

    assert kept.status == "passed"
    assert "The tag rules of data set “Calls” (calls) are switched off" in switched_off.detail
    assert "Data set “Wages” (wages) has no tag rules" in joined.detail


def test_a_data_set_that_has_rules_is_not_excused_by_being_open():
    told = faults(contents(data_set("calls", "tenant_id", enabled=False), data_set("hotels", "tenant_id")), opened=("calls",))

    assert [at for at, _text in told] == ["rows"]
    assert "The tag rules of data set “Calls” (calls) are switched off" in told[0][1]


def test_a_dashboard_whose_data_sets_are_all_open_asks_for_no_tag():
    read = contents(data_set("rates"), data_set("market"))

    verdict = check(read, proposal(read), ("rates", "market"), [ACME], [])

    assert (verdict["required_tags"], verdict["same_for_everyone"], verdict["faults"]) == ([], True, [])
    assert preflight_of(read, proposal(read), ("rates", "market")).status == "passed"


def test_a_data_set_that_cannot_be_read_is_never_open():
    told = faults(contents(data_set("calls", "tenant_id"), unreadable=("wages",)), opened=("wages",))

    assert told == [("rows", "The tag rules of data set “wages” cannot be read.")]


def test_a_dashboard_without_data_sets_proves_nothing():
    assert [at for at, _text in faults(contents())] == ["rows"]


@pytest.mark.parametrize("tags", [{}, {"tenant_id": " "}, {"tenant_id": "*"}, {"tenant_id": "acme,globex"}, {"desk": "north"}])
def test_a_chosen_tenant_whose_tags_do_not_hold_is_a_fault(tags):
    ((at, text),) = faults(contents(data_set("calls", "tenant_id")), known=TenantTags("1", "Acme Hotels", tags), tenants=["1"])

    assert at == "grant"
    assert text.startswith("Acme Hotels: ")
    assert "acme,globex" not in text


def test_a_tenant_that_lacks_a_key_of_one_alternative_alone_is_not_ready():
    read = contents(data_set("calls", "tenant_id", "role"), data_set("hotels", "tenant_id"))

    ((_, text),) = faults(read, tenants=["1"])

    assert "also needs the session tags: role" in text


def test_a_chosen_tenant_that_is_gone_is_a_fault():
    assert faults(contents(data_set("calls", "tenant_id")), tenants=["2"]) == [("grant", "A chosen tenant is not there any more.")]


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"sheet_id": "sheet-9"}, "no sheet “sheet-9”"),
        ({"visual_ids": ["table-9"]}, "no visual “table-9”"),
        ({"visual_ids": ["kpi-1"]}, "“kpi-1” is no table or pivot table"),
        ({"parameters": [WantedParameter("Region", "string", False, May.FREE, [], [])]}, "no parameter “Region”"),
    ],
)
def test_what_the_dashboard_does_not_have_is_told_at_the_sheet(wanted, sentence):
    (at, text), *_more = faults(contents(data_set("calls", "tenant_id")), **wanted)

    assert at == "sheet"
    assert sentence in text


def test_a_parameter_that_is_left_out_is_not_asked_for():
    gone = WantedParameter("Region", "string", False, May.LEFT_OUT, [], [])

    assert faults(contents(data_set("calls", "tenant_id")), parameters=[gone]) == []


def test_choices_of_number_controls_become_numbers_and_odd_ones_are_told():
    declared = (DeclaredParameter("Seconds", "integer", False), DeclaredParameter("Score", "decimal", True))
    read = contents(
        data_set("calls", "tenant_id"),
        parameters=declared,
        choices={"Seconds": ["30", "60"], "Score": ["1.5", "many"]},
        defaults={"Seconds": [30]},
    )

    seconds, score = proposal(read).parameters

    assert (seconds.may, seconds.choices, seconds.default) == (May.LISTED, [30, 60], [30])
    assert score.choices == [1.5, "many"]
    assert faults(read) == [("parameters", "Score: must be a number.")]


def test_a_name_that_makes_no_slug_takes_the_dashboards_id():
    read = contents(data_set("calls", "tenant_id"))
    japanese = Contents(Dashboard("calls", "日次" * 100, 3, read.dashboard.sheets, ()), read.definition, {})

    assert (proposal(japanese).slug, len(proposal(japanese).name)) == ("calls", 120)
