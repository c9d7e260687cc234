from __future__ import annotations

import re
from email import message_from_bytes, policy
from html import unescape

import pytest

from reports import links
from reports.delivery import email_url
from reports.delivery.channel import Parcel
from reports.delivery.email import raw_mail
from reports.models import Link
from tenants.scope import tenant_scope
from tests.reports.mails.conftest import change, delivery_of

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script>"\r\nBcc: everybody@victim.example\u2028{tenant}'
LONG = "Auswertung der Gesprächsdauer nach Standort und Wochentag AG"


def test_the_mail_tells_what_came_when_it_was_made_and_until_when_it_can_be_had(written, delivery):
    read = written(delivery)

    assert read.header("Subject") == "Calls of yesterday: 22 November 2026"
    for part in read.both:
        assert "Your Calls of yesterday is ready" in part
        assert "PDF, 1.8 MB" in part
        assert "Monday 23 November 2026, 07:02 (Berlin)" in part
        assert "Wednesday 23 December 2026, 07:02 (Berlin)" in part
        assert "This link is yours alone" in part
        assert "reports@acme.example" in part


def test_its_link_opens_the_report_and_is_the_same_on_every_try(written, delivery):
    first, second = written(delivery), written(delivery)

    urls = {re.search(r"http\S+/d/\S+", read.text)[0] for read in (first, second)}
    assert len(urls) == 1
    token = urls.pop().rpartition("/")[2]
    with tenant_scope(delivery.tenant):
        assert links.find(delivery.tenant, token).delivery_id == delivery.pk
        assert Link.objects.filter(delivery=delivery).count() == 1


def test_the_sender_is_the_company_and_answers_go_where_it_says(written, delivery, settings):
    settings.EMAIL_URL = "smtp://mail.example:587?from=reports@mail.anycompany.example"

    read = written(delivery)

    assert read.mail["From"] == '"Acme Hotels Reports" <reports@mail.anycompany.example>'
    assert read.mail["Reply-To"] == "reports@acme.example"
    assert read.mail["To"] == "rosa@customer.example"


def test_a_company_may_have_its_own_name_for_the_sender(written, delivery, acme):
    change(acme, sender_name="Acme, Gäste & Co.")

    assert written(delivery).header("From").startswith("Acme, Gäste & Co. <")


def test_one_click_stops_these_mails_and_no_program_answers_them(written, delivery):
    read = written(delivery)

    stop = read.mail["List-Unsubscribe"].strip("<>")
    assert f"/u/{delivery.tenant.code}/" in stop
    assert read.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert all(stop in part for part in read.both)
    assert read.mail["Auto-Submitted"] == "auto-generated"
    assert read.mail["X-Auto-Response-Suppress"] == "All"


def test_people_on_copy_are_named_but_the_mail_goes_to_one_address(written, delivery, schedule):
    change(schedule, cc=["boss@customer.example", "rosa@customer.example"])

    read = written(delivery)

    assert read.mail["Cc"] == "boss@customer.example"
    assert read.letter.message.recipients() == ["rosa@customer.example"]


def test_a_copy_says_that_it_is_one(written, occurrence, now):
    read = written(delivery_of(occurrence, now, is_copy=True))

    assert all("You get this copy because Acme Hotels put you on the copy line." in part for part in read.both)


def test_the_schedules_own_words_are_filled_in(written, delivery, schedule):
    change(
        schedule, subject="{report} for {recipient}, {date}", message="Dear {recipient},\nyour {schedule} of {tenant}.\n\nPlanned {time}."
    )

    read = written(delivery)

    assert read.header("Subject") == "Daily call volume for Rosa Santos, 23 November 2026"
    assert "Dear Rosa Santos,\nyour Calls of yesterday of Acme Hotels." in read.text
    assert "Dear Rosa Santos,<br>your Calls of yesterday of Acme Hotels.</p>" in read.html
    assert all("Planned 07:00." in part for part in read.both)


def test_nothing_that_somebody_typed_becomes_markup_or_a_header(written, occurrence, schedule, acme, now):
    for row, fields in ((schedule, {"name": HOSTILE[:120], "subject": HOSTILE, "message": HOSTILE}), (acme, {"name": HOSTILE[:120]})):
        change(row, **fields)
    change(acme, sender_name=HOSTILE[:120])

    read = written(delivery_of(occurrence, now, name=HOSTILE[:120]))

    assert "<script" not in read.html
    assert "&lt;script&gt;" in read.html
    assert not re.search(r"[\x00-\x1f\u2028]", read.header("Subject"))
    assert "bcc" not in {name.lower() for name in read.mail}


def test_a_value_that_looks_like_a_variable_is_text(written, occurrence, schedule, now):
    change(schedule, subject="For {recipient}")

    read = written(delivery_of(occurrence, now, name="{tenant}"))

    assert read.header("Subject") == "For {tenant}"


def test_names_of_sixty_characters_fit(written, delivery, schedule, acme, daily_calls):
    change(schedule, name=LONG)
    change(acme, name=LONG)

    read = written(delivery)

    assert all(LONG in part for part in read.both)
    assert max(len(line) for line in read.mail.as_bytes().splitlines()) <= 998


def test_a_subject_is_cut_where_mail_programs_would(written, delivery, schedule):
    change(schedule, subject="x" * 190 + "{report}")

    assert len(written(delivery).header("Subject")) == 200


@pytest.mark.parametrize(
    ("schedule_attaches", "company_allows", "sizes", "protection", "attached", "says"),
    [
        (True, True, (1000, 2000), "", 2, "Attached, and behind the link."),
        (True, True, (10 * 1024**2, 1), "", 0, "Too large to attach; the link has them."),
        (True, True, (10 * 1024**2,), "", 1, "Attached, and behind the link."),
        (True, True, (1000,), "passcode", 0, "Not attached, because the link is protected."),
        (True, False, (1000,), "", 0, None),
        (False, True, (1000,), "", 0, None),
    ],
)
def test_files_are_attached_where_both_agree_and_they_are_small(
    written, occurrence, schedule, acme, now, schedule_attaches, company_allows, sizes, protection, attached, says
):
    change(schedule, attach=schedule_attaches, link_protection=protection)
    change(acme, allow_attachments=company_allows)

    read = written(delivery_of(occurrence, now, sizes))

    assert len(read.letter.files) == attached
    assert all(says in part if says else "ttach" not in part for part in read.both)


@pytest.mark.parametrize(
    ("protection", "says"),
    [
        ("passcode", "The page asks for the passcode that Acme Hotels gave you."),
        ("mailed", "The page sends a 6-digit passcode to this address before it opens the report."),
    ],
)
def test_a_protected_link_says_what_it_will_ask_for(written, delivery, schedule, protection, says):
    change(schedule, link_protection=protection)

    assert all(says in part for part in written(delivery).both)


def test_a_german_recipient_reads_german(written, occurrence, now):
    read = written(delivery_of(occurrence, now, language="de"))

    assert read.header("Subject") == "Calls of yesterday: 22. November 2026"
    for part in read.both:
        assert "Bericht öffnen" in part
        assert "PDF, 1,8 MB" in part
        assert "Montag, 23. November 2026, 07:02 Uhr (Berlin)" in part
        assert "Dieser Link ist nur für Sie bestimmt" in part
    assert '<html lang="de">' in read.html


def test_the_text_says_everything_that_the_html_says(written, delivery, schedule):
    change(schedule, message="First.\n\nSecond, with <b>signs</b>.", link_protection="mailed")
    read = written(delivery)

    seen = re.sub(r"<(style|title)>.*?</\1>|<!doctype html>", "", read.html, flags=re.S)
    hidden = re.search(r'<div style="display:none[^>]*>(.*?)</div>', seen)[0]
    pieces = [piece.strip() for piece in re.split(r"<[^>]+>", seen.replace(hidden, ""))]
    plain = " ".join(read.text.split())
    missing = [piece for piece in map(unescape, pieces) if piece.strip(" .") and " ".join(piece.split()).rstrip(".") not in plain]
    assert missing == ["If the button does not work, copy this address into your browser:"]


def test_it_leaves_as_it_was_written(written, delivery, acme, schedule, settings):
    """Through the channel: its bytes, read by another parser."""
    settings.EMAIL_URL = "smtp://mail.example:587?from=reports@mail.example"
    change(acme, sender_name=LONG)
    change(schedule, subject=f"Größe: {LONG} {LONG}", message="Grüße\n\n.\n" + "x" * 2000)
    letter = written(delivery).letter

    raw = raw_mail(email_url.setup(), Parcel(delivery.pk, delivery.address, letter.message))

    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["From"].addresses[0].display_name == LONG
    assert mail["Subject"].strip() == f"Größe: {LONG} {LONG}"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == letter.message.body
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert mail["Message-ID"] == f"<{delivery.pk}@mail.example>"


def test_nothing_in_it_is_loaded_from_anywhere(written, delivery):
    html = written(delivery).html

    assert re.findall(r"<(?:img|link|script|iframe|object|video|svg)\b|url\(|@import|@font-face|\bsrc=", html, re.I) == []


def test_the_companys_colour_is_the_buttons(written, delivery, acme):
    change(acme, brand_color="#0b5e6b")

    html = written(delivery).html

    assert 'class="btn-td" style="background:#0b5e6b' in html
    assert 'class="bar" style="height:4px;line-height:4px;font-size:0;background:#0b5e6b' in html
