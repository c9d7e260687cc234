from __future__ import annotations

import csv
import io
import re
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import unquote

import pypdf
import pytest
from openpyxl import load_workbook

from portal.local.aws.render_csv import Dialect, render_csv
from portal.local.aws.tables import Table
from tests.portal.local.aws.snapshot_requests import (
    PDF,
    csv_of,
    excel_of,
    fetch,
    files_of,
    run,
    selection,
    split_uri,
    start_request,
    uris,
)
from tests.pretend_aws import BUCKET, Server

ACME = {"tenant_id": "acme"}


def test_the_pdf_has_several_numbered_pages_with_the_company_on_each(aws: Server) -> None:
    pdf = files_of(aws, start_request(PDF, tags=ACME))[0]

    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]
    assert len(pages) > 5
    assert all(f"Page {number} of {len(pages)}" in text for number, text in enumerate(pages, start=1))
    assert all(text.count("Acme Hotels") >= 2 for text in pages)
    assert "Calls per day" in pages[0]


def test_the_csv_is_utf8_with_a_header_and_crlf(aws: Server) -> None:
    data = files_of(aws, start_request(csv_of("table-1"), tags=ACME))[0]

    rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    assert rows[0][:3] == ["Call", "Date", "Time"]
    assert {len(row) for row in rows} == {len(rows[0])}
    assert data.count(b"\r\n") == len(rows)
    assert "Chloé Martin" in data.decode()


def test_the_csv_can_come_in_another_dialect(aws: Server) -> None:
    aws.control.set(csv_separator=";", csv_bom=True, csv_header=False)

    data = files_of(aws, start_request(csv_of("table-1"), tags=ACME))[0]

    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";", strict=True))
    assert data.startswith(b"\xef\xbb\xbfAC-0")
    assert len(rows) > 300
    assert {len(row) for row in rows} == {13}


@pytest.mark.parametrize("separator", [",", ";"])
def test_what_holds_a_separator_a_quote_or_a_line_end_is_quoted(separator: str) -> None:
    cells = ("a,b;c", 'say "yes"', "two\nlines", "plain")

    data = render_csv(Table(("one", "two", "three", "four"), (cells,)), Dialect(separator)).decode()

    assert data.partition("\r\n")[2] == f'"a,b;c"{separator}"say ""yes"""{separator}"two\nlines"{separator}plain\r\n'


def test_the_workbook_has_one_sheet_per_visual_in_the_requested_order(aws: Server) -> None:
    selections = [selection("pivot-1", "table-1"), selection("table-2", sheet="sheet-2")]

    data = files_of(aws, start_request({"FormatType": "EXCEL", "SheetSelections": selections}, tags=ACME))[0]

    book = load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["Outcomes by region", "Calls", "Queues"]
    assert all(sheet.freeze_panes == "A2" and sheet["A1"].font.bold for sheet in book)
    assert book["Calls"].max_row > 300


def test_the_same_visual_twice_gives_two_worksheets(aws: Server) -> None:
    data = files_of(aws, start_request(excel_of("table-1", "table-1"), tags=ACME))[0]

    assert load_workbook(io.BytesIO(data)).sheetnames == ["Calls 1", "Calls 2"]


def test_the_key_is_ours_only_up_to_the_prefix(quicksight: Any) -> None:
    keys = [split_uri(uris(run(quicksight, start_request(prefix="t/x/")))[0]) for _ in range(2)]

    assert keys[0] != keys[1]
    for bucket, key in keys:
        assert bucket == BUCKET
        assert re.fullmatch(r"t/x/[^/]* [^/]*\.csv", key)
        assert not key.isascii()


def test_a_name_can_be_plain(aws: Server, quicksight: Any) -> None:
    aws.control.set(plain_names=True)

    key = split_uri(uris(run(quicksight, start_request(prefix="t/x/")))[0])[1]

    assert re.fullmatch(r"t/x/daily-calls-[0-9a-f]{12}\.csv", key)


def test_uris_are_percent_encoded_when_the_switch_says_so(aws: Server, quicksight: Any) -> None:
    aws.control.set(encode_uris=True)

    bucket, key = split_uri(uris(run(quicksight, start_request()))[0])

    assert re.search(r"Daily%20call%20volume%20%C3%A9", key)
    assert fetch(aws, f"s3://{bucket}/{unquote(key)}")


def test_objects_carry_their_content_type(aws: Server, quicksight: Any, s3: Any) -> None:
    bucket, key = split_uri(uris(run(quicksight, start_request(PDF)))[0])

    head = s3.head_object(Bucket=bucket, Key=key)

    assert head["ContentType"] == "application/pdf"
    assert head["ContentLength"] == len(fetch(aws, f"s3://{bucket}/{key}"))


def test_without_a_destination_the_answer_is_a_url_that_works_at_once(quicksight: Any) -> None:
    request = start_request(PDF, tags=ACME)
    del request["SnapshotConfiguration"]["DestinationConfiguration"]

    url = uris(run(quicksight, request))[0]

    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read(5) == b"%PDF-"
    assert "X-Amz-Expires=300" in url


@pytest.mark.parametrize("file", [PDF, csv_of("table-1"), excel_of("table-1", "pivot-1")], ids=["pdf", "csv", "excel"])
def test_small_files_are_still_whole_files_of_the_right_company(aws: Server, file: dict[str, Any]) -> None:
    aws.control.set(small_files=True)

    data = files_of(aws, start_request(file, tags=ACME))[0]

    if file["FormatType"] == "PDF":
        text = pypdf.PdfReader(io.BytesIO(data)).pages[0].extract_text()
    elif file["FormatType"] == "CSV":
        text = data.decode()
    else:
        text = str([[cell.value for cell in row] for row in load_workbook(io.BytesIO(data)).worksheets[0].iter_rows()])
    assert text.count("AC-0") == 20
    assert "GL-0" not in text


@pytest.mark.parametrize(("with_slash", "joined"), [(False, "t/xDaily"), (True, "t/x/Daily")])
def test_a_prefix_without_a_slash_is_joined_either_way(aws: Server, quicksight: Any, with_slash: bool, joined: str) -> None:
    aws.control.set(join_with_slash=with_slash)

    key = split_uri(uris(run(quicksight, start_request(prefix="t/x")))[0])[1]

    assert key.startswith(joined)


def test_the_url_of_a_job_without_a_destination_ends_after_five_minutes(aws: Server, quicksight: Any) -> None:
    request = start_request(tags=ACME)
    del request["SnapshotConfiguration"]["DestinationConfiguration"]
    url = uris(run(quicksight, request))[0]

    aws.control.advance_clock(240, settle=False)
    urllib.request.urlopen(url, timeout=10).close()
    aws.control.advance_clock(61, settle=False)

    with pytest.raises(urllib.error.HTTPError, match="403") as caught:
        urllib.request.urlopen(url, timeout=10)
    caught.value.close()
