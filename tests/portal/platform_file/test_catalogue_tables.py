"""[[account]] and [[report]]."""

from __future__ import annotations

from reports.models import Account, Pump, Report, ReportParameter, RequestBudget, Slot
from tenants.scope import platform_scope


def slots():
    """Numbers of the slots that are on, and of those that are off."""
    with platform_scope():
        rows = list(Slot.objects.order_by("number").values_list("number", "enabled"))
    return [number for number, enabled in rows if enabled], [number for number, enabled in rows if not enabled]


def report():
    with platform_scope():
        return Report.objects.select_related("account").get(slug="daily-calls")


def parameters():
    with platform_scope():
        return {row.name: row for row in ReportParameter.objects.filter(report__slug="daily-calls")}


def test_a_new_account_has_its_slots_its_budget_and_its_pump(applied):
    with platform_scope():
        account = Account.objects.get()
        assert RequestBudget.objects.filter(account=account).exists()
        assert Pump.objects.filter(account=account).exists()
    assert (account.name, account.aws_account_id, account.slots) == ("main", "111122223333", 12)
    assert slots() == (list(range(1, 13)), [])


def test_an_account_is_called_by_its_id_and_has_five_slots_unless_told(platform, settings):
    settings.AWS_REGION = "eu-central-1"
    platform.tables = {"account": [{"id": "444455556666"}]}

    platform.apply()

    with platform_scope():
        account = Account.objects.get()
    assert (account.name, account.region, account.slots, account.requests_per_second) == ("444455556666", "eu-central-1", 5, 10)


def test_fewer_slots_disable_the_highest_and_more_enable_them_again(applied):
    applied.tables = {"account": [{"name": "main", "slots": 3}]}
    assert applied.lines() == ["~ account main: slots 12 -> 3"]
    assert slots() == ([1, 2, 3], list(range(4, 13)))

    applied.tables["account"][0]["slots"] = 14
    applied.apply()
    assert slots() == (list(range(1, 15)), [])


def test_an_account_with_reports_keeps_its_id(applied):
    applied.tables = {"account": [{"name": "main", "id": "999999999999"}]}

    assert applied.fault().startswith('account[1] "main": has reports, so its id and region stay.')


def test_two_accounts_are_not_the_same_id_and_region(applied):
    applied.tables["account"].append({"name": "second", "id": "111122223333", "region": "us-east-1"})

    assert applied.fault() == 'account[2] "second": id: account “main” already is this id in this region.'


def test_an_id_in_two_regions_is_ambiguous_and_a_name_is_not(platform):
    platform.tables["account"].append({"name": "europe", "id": "111122223333", "region": "eu-west-1"})
    assert "id 111122223333 is used in several regions. Say which by its name: europe, main." in platform.fault()

    platform.report["account"] = "europe"
    platform.apply()
    assert report().account.region == "eu-west-1"


def test_an_account_is_retired_only_without_reports(applied):
    applied.tables = {"account": [{"name": "main", "absent": True}]}
    assert applied.fault().startswith('account[1] "main": absent: the account still has reports: daily-calls.')

    applied.tables = {"report": [{"slug": "daily-calls", "absent": True}]}
    applied.apply()
    applied.tables = {"account": [{"name": "main", "absent": True}]}
    assert applied.lines() == ["- account main"]
    assert slots() == ([], list(range(1, 13)))
    assert applied.apply() == "no changes\n"


def test_a_retired_account_comes_back_when_it_is_mentioned(platform):
    platform.tables = {"account": [{"name": "main", "id": "111122223333"}]}
    platform.apply()
    platform.tables["account"][0]["absent"] = True
    platform.apply()
    del platform.tables["account"][0]["absent"]

    assert platform.lines() == ["~ account main: slots 0 -> 5"]
    assert slots()[0] == [1, 2, 3, 4, 5]


def test_a_report_is_stored_with_its_parameters_in_order(applied):
    stored = report()

    assert (stored.name, stored.formats, stored.visual_ids) == ("Daily call volume", ["PDF", "CSV", "EXCEL"], ["table-1", "pivot-1"])
    assert [(row.name, row.type, row.multiple, row.choices, row.default) for row in parameters().values()] == [
        ("Region", "string", True, ["North", "South"], ["North"]),
        ("MinSeconds", "integer", False, None, [0]),
    ]


def test_a_change_of_a_report_names_old_and_new(applied):
    applied.report["name"] = "Calls by day"

    assert applied.lines() == ['~ report daily-calls: name "Daily call volume" -> "Calls by day"']


def test_a_report_that_is_not_the_same_for_everyone_has_no_open_data_sets(applied):
    with platform_scope():
        Report.objects.update(open_data_sets=["calls"])

    unsaid = applied.lines()
    applied.report["same_for_everyone"] = False
    said = applied.lines()

    assert not any("open_data_sets" in line for line in unsaid)
    assert '~ report daily-calls: open_data_sets ["calls"] -> []' in said


def test_a_report_whose_data_sets_are_all_open_needs_no_tag_in_the_file(applied):
    with platform_scope():
        Report.objects.update(open_data_sets=["calls"], required_tags=[])
    applied.tables = {
        "report": [{"slug": "daily-calls", "name": "Calls by day"}],
        "tenant": [{"slug": "acme", "session_tags": {"tenant_id": "acme-hotels"}}],
    }

    assert '~ report daily-calls: name "Daily call volume" -> "Calls by day"' in applied.lines()


def test_a_retired_report_is_offered_to_nobody_until_it_is_mentioned_again(applied):
    applied.tables["report"] = [{"slug": "daily-calls", "absent": True}]
    assert 'tenant[1] "acme": reports[1]: report “daily-calls” is retired.' in applied.faults()

    applied.tables = {"report": [{"slug": "daily-calls", "absent": True}]}
    assert applied.lines() == ["- report daily-calls"]
    assert report().retired_at

    applied.tables = {"report": [{"slug": "daily-calls"}]}
    applied.apply()
    assert report().retired_at is None


def test_an_absent_parameter_goes_and_the_others_stay(applied):
    applied.tables = {"report": [{"slug": "daily-calls", "parameter": [{"name": "MinSeconds", "absent": True}]}]}

    assert applied.lines() == ["- parameter daily-calls/MinSeconds"]
    assert list(parameters()) == ["Region"]


def test_empty_lists_take_the_choices_and_the_default_away(applied):
    applied.tables = {"report": [{"slug": "daily-calls", "parameter": [{"name": "Region", "choices": [], "default": []}]}]}

    applied.apply()

    assert (parameters()["Region"].choices, parameters()["Region"].default) == (None, None)


def test_a_day_of_toml_is_a_default_of_a_datetime(platform):
    platform.apply(text="[[account]]\nid = '111122223333'\n")
    text = """
[[report]]
slug = "daily-calls"
name = "Daily calls"
account = "111122223333"
dashboard_id = "daily-calls"
sheet_id = "sheet-1"
formats = ["PDF"]
required_tags = ["tenant_id"]
[[report.parameter]]
name = "From"
type = "datetime"
default = 2026-10-26
"""

    platform.apply(text=text)

    assert parameters()["From"].default == ["2026-10-26"]
    assert platform.apply(text=text) == "no changes\n"


def test_a_new_report_without_preflight_is_not_checked(applied):
    assert (report().preflight, report().preflight_at) == ("not_checked", None)


def test_an_account_that_probes_has_as_many_spare_slots_which_go_with_the_setting(applied):
    applied.tables = {"account": [{"name": "main", "slots": 3, "probes": True}]}
    applied.apply()
    assert spare() == ([1, 2, 3], [4, 5, 6])

    applied.tables["account"][0]["slots"] = 4
    applied.apply()
    assert spare() == ([1, 2, 3, 4], [5, 6, 7, 8])

    applied.tables["account"][0]["probes"] = False
    applied.apply()
    assert spare() == ([1, 2, 3, 4], [])


def spare():
    """Numbers of the slots that are on: those of the limit, and the spare ones."""
    with platform_scope():
        on = list(Slot.objects.filter(enabled=True).order_by("number").values_list("number", "spare"))
    return [number for number, is_spare in on if not is_spare], [number for number, is_spare in on if is_spare]
