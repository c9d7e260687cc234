"""A batch as a file: what spreadsheets save is read, and every line that is wrong is named where it stands."""

from __future__ import annotations

import pytest

from reports.batches import table
from reports.batches.checking import check
from reports.batches.items import Item
from reports.refused import Refused
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
ADAM = Actor("adam@acme.example")
LONG = "Opening hours of the desk that the caller was put through to"
PARAMETERS = [
    {"name": "Region", "type": "string", "multiple": True, "default": ["North"]},
    {"name": "From", "type": "datetime", "default": "2026-10-26"},
    {"name": "Seconds", "type": "integer", "default": 0},
    {"name": "Share", "type": "decimal", "default": 0.5},
    {"name": LONG, "type": "string", "default": "any"},
]


@pytest.fixture
def report(acme):
    report = factories.make_report(slug="daily-calls", parameters=PARAMETERS)
    factories.make_grant(tenant=acme, report=report)
    return report


def items(tenant, text: str | bytes) -> list[Item]:
    with tenant_scope(tenant):
        return table.items_of(tenant, table.read(text if isinstance(text, bytes) else text.encode()))


def item(tenant, head: str, cell: str) -> Item:
    (only,) = items(tenant, f'report\tformats\t{head}\ndaily-calls\tPDF\t"{cell}"\n')
    return only


def refusal(text: str | bytes) -> str:
    with pytest.raises(Refused) as caught:
        table.read(text if isinstance(text, bytes) else text.encode())
    assert caught.value.code == "bad_table"
    return caught.value.detail


def faults(tenant, now, text: str) -> list[str]:
    rows = table.read(text.encode())
    with tenant_scope(tenant), pytest.raises(Refused) as caught:
        check(tenant, ADAM, "", table.items_of(tenant, rows), now)
    return [str(fault) for fault in table.faults(rows, caught.value.places)]


class TestRead:
    def test_each_line_is_a_job_with_all_that_its_columns_say(self, acme, report):
        (found,) = items(
            acme,
            "Report,formats,visuals,parameter:Region,metadata:crm,Recipients,reference,lane\n"
            'daily-calls,pdf excel,table-1 pivot-1,North|South,A-9,"kim@customer.example; lee@customer.example",row 1,Now\n',
        )

        assert found == Item(
            "daily-calls",
            ["PDF", "EXCEL"],
            {"Region": ["North", "South"]},
            ["table-1", "pivot-1"],
            emails=["kim@customer.example", "lee@customer.example"],
            reference="row 1",
            metadata={"crm": "A-9"},
            lane="now",
        )

    def test_what_a_german_excel_saves_is_read(self, acme, report):
        (found,) = items(
            acme, 'report;formats;reference;recipients\r\ndaily-calls;PDF,CSV;Tür;"a@b.example;c@d.example"\r\n'.encode("utf-8-sig")
        )

        assert (found.formats, found.reference, found.emails) == (["PDF", "CSV"], "Tür", ["a@b.example", "c@d.example"])

    def test_an_older_excel_without_utf_8_is_read_too(self, acme, report):
        (found,) = items(acme, "report;formats;reference\r\ndaily-calls;PDF;Tür\r\n".encode("cp1252"))

        assert found.reference == "Tür"

    def test_lines_are_counted_as_in_the_file_with_quoted_breaks_and_blank_ones(self):
        rows = table.read(b'report,formats,reference\n\na,PDF,"two\nlines"\n,,\n\nb,PDF,\n')

        assert [(row.number, row.cells["report"]) for row in rows] == [(3, "a"), (7, "b")]

    def test_a_name_of_60_characters_is_a_column(self, acme, report):
        assert len(LONG) == 60
        assert item(acme, f"parameter:{LONG}", "x").parameters == {LONG: "x"}

    def test_what_a_portal_or_spreadsheet_put_before_a_formula_is_taken_away(self, acme, report):
        assert item(acme, "reference", "'=A1").reference == "=A1"

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "Line 1: no column is headed “report”."),
            ("report\nx\n", "Line 1: no column is headed “formats”."),
            ("report,formats\n", "The file has no lines below its first one."),
            ("report,formats,paramter:Region\nx,PDF,North\n", "Line 1: there is no column “paramter:Region”."),
            ("report,formats,parameter:\nx,PDF,North\n", "Line 1: there is no column “parameter:”."),
            ("report,formats,Report\nx,PDF,x\n", "Line 1: two columns are headed “report”. Keep one."),
            ("report,formats\nx,PDF\ny,PDF,CSV\n", "Line 3: “CSV” stands in no column."),
            ('report,formats\nx,"PDF\n', "Line 2 cannot be read"),
            (b"\x00\x01", "This is no text."),
            (b"\xff\xfea", "This is no text."),
            (b"x" * (table.MAX_BYTES + 1), "The file is larger than 5 MiB."),
        ],
    )
    def test_what_can_be_no_batch_gets_a_sentence(self, text, sentence):
        assert refusal(text).startswith(sentence)


class TestValues:
    @pytest.mark.parametrize(
        ("name", "cell", "value"),
        [
            ("Region", "North", ["North"]),
            ("Region", "North | South", ["North", "South"]),
            (LONG, "a|b", "a|b"),
            ("Seconds", "-7", -7),
            ("Share", "7", 7),
            ("Share", "7.25", 7.25),
            ("From", "2026-11-22", "2026-11-22"),
            ("From", "relative:yesterday", {"relative": "yesterday"}),
            ("From", "Relative: previous_month end", {"relative": "previous_month", "part": "end"}),
            ("From", "relative:last_n_days 7 end_exclusive", {"relative": "last_n_days", "n": 7, "part": "end_exclusive"}),
            (LONG, "relative:previous_month start YYYY-MM", {"relative": "previous_month", "part": "start", "format": "YYYY-MM"}),
        ],
    )
    def test_a_cell_becomes_what_its_parameter_takes(self, name, cell, value, acme, report):
        assert item(acme, f"parameter:{name}", cell).parameters == {name: value}

    def test_an_empty_cell_leaves_the_reports_default(self, acme, report):
        assert item(acme, "parameter:Seconds", " ").parameters == {}

    def test_relative_periods_come_to_days_of_the_companys_zone(self, acme, report, now):
        wanted = items(acme, "report,formats,parameter:From\ndaily-calls,PDF,relative:previous_month end\n")

        with tenant_scope(acme):
            (line,) = check(acme, ADAM, "", wanted, now)

        assert line.job.parameters["From"] == ["2026-02-28T00:00:00+00:00"]


class TestFaults:
    def test_each_has_its_line_and_its_column(self, acme, report, now):
        told = faults(
            acme,
            now,
            "report,formats,parameter:Seconds,parameter:From,parameter:Unknown,recipients,lane\n"
            "daily-calls,PDF,7,,,,\n"
            "daily-calls,,,,,,\n"
            "daily-calls,PDF,7.5,22.11.2026,,,\n"
            "\n"
            "nothing,PDF,,,,,\n"
            "daily-calls,PDF,,relative:last_n_days,,,\n"
            "daily-calls,PDF,,,x,good@customer.example nobody,fast\n",
        )

        assert told == [
            "Line 3, formats: Choose at least one format.",
            "Line 4, parameter:From: From: must be a day such as 2026-11-22, or a time with its offset such as 2026-11-22T06:00:00+01:00.",
            "Line 4, parameter:Seconds: Seconds: must be a whole number.",
            "Line 6, report: Unknown report.",
            "Line 7, parameter:From: From: last_n_days needs n, a whole number from 1 to 366.",
            "Line 8, lane: A lane is one of now, scheduled.",
            "Line 8, recipients: nobody: This is no email address. It needs a name, an @ and a domain, such as anna@customer.example.",
        ]
