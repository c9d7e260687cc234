"""Names at a destination: by the pattern, on the schedule's clock, and never a way to another folder."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.destinations import naming
from reports.destinations.config import S3Config, SftpConfig
from reports.models import Delivery
from reports.refused import Refused
from tenants.scope import tenant_scope
from tests import factories

AT = datetime(2026, 11, 22, 23, 31, tzinfo=UTC)


def config(folder="/in", file_name="{report}_{date}_{time}.{ext}") -> SftpConfig:
    return SftpConfig("sftp.acme.example", "reports", folder=folder, file_name=file_name)


@pytest.fixture
def delivery(acme, db):
    report = factories.make_report(slug="sales", name="Sales")
    schedule = factories.make_schedule(
        tenant=acme, report=report, slug="sales-daily", timezone="Asia/Tokyo", parameters={"Day": {"relative": "previous_month"}}
    )
    run = factories.make_occurrence(schedule=schedule, planned_at=AT, status="running", expanded_at=AT)
    job = factories.make_job(tenant=acme, report=report, status="completed", occurrence=run)
    factories.make_file(job=job)
    row = factories.make_destination(tenant=acme)
    with tenant_scope(acme):
        return Delivery.objects.create(
            tenant=acme, job=job, occurrence=run, destination=row, channel="sftp", audience_name="Nördliche Läden / ../x", created_at=AT
        )


def names(delivery, setting):
    with tenant_scope(delivery.tenant_id):
        folder, files = naming.names_for(setting, delivery)
        return folder, [name for _file, name in files]


def test_times_are_those_of_the_schedules_clock(delivery):
    assert names(delivery, config("/in/{year}/{month}")) == ("/in/2026/11", ["sales_2026-11-23_0831.pdf"])


def test_every_word_has_its_value(delivery):
    pattern = "{company}.{report}.{schedule}.{audience}.{period}.{day}.{format}.{ext}"

    assert names(delivery, config(file_name=pattern))[1] == ["acme.sales.sales-daily.nordliche-laden-x.2026-10.23.pdf.pdf"]


def test_two_files_never_have_one_name(delivery):
    factories.make_file(job=delivery.job, format="CSV", visual_id="a", name="a.csv")
    factories.make_file(job=delivery.job, format="CSV", visual_id="b", name="b.csv")

    found = names(delivery, config(file_name="Sales.{ext}"))[1]

    assert found == ["Sales.csv", "Sales-2.csv", "Sales.pdf"]
    assert names(delivery, config(file_name="Sales.{ext}"))[1] == found


def test_a_bucket_has_no_slash_in_front(delivery):
    s3 = S3Config("b", "eu-west-1", "arn", "id", folder="close/{report}")

    assert names(delivery, s3)[0] == "close/sales"
    assert naming.fixed_folder("close/all-{report}/x") == "close"
    assert naming.fixed_folder("close/all/") == "close/all"


@pytest.mark.parametrize(
    "pattern", ["{customer}", "{__class__}", "{report.name}", "{}", "a\x00b", "a\nb", "a:b", "x" * 201, "{report", "a/b"]
)
def test_what_is_no_name_is_refused_in_a_sentence(pattern):
    with pytest.raises(Refused) as caught:
        naming.check_file_name(pattern)

    assert caught.value.places[0].path == ("file_name",)


def test_an_unknown_word_comes_with_the_list():
    with pytest.raises(Refused, match=r"\{customer\} is not known here. You can use \{company\}, \{report\}"):
        naming.check_file_name("{customer}.{ext}")


@pytest.mark.parametrize("pattern", ["../x", "/in/../x", "a/./b", "{ext}"])
def test_a_folder_does_not_lead_upwards(pattern):
    with pytest.raises(Refused):
        naming.check_folder(pattern)


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_stands_in_a_pattern_or_a_name_is_one_safe_part(pattern, value):
    name = naming.file_name(pattern, {"report": naming._word(value)})
    folder = naming.folder(pattern, {"report": naming._word(value)})

    assert 0 < len(name) <= naming.MOST_NAME + naming.MOST_WORD
    assert "/" not in name
    assert not name.startswith(".")
    assert ".." not in folder.split("/")
    assert all(sign.isprintable() or not sign.isascii() for sign in name + folder)
