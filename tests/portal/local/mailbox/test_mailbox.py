"""The demo's mailbox as its own process: mail comes in by SMTP, people look at it in a browser."""

from __future__ import annotations

import re
import smtplib

import pytest

from portal.local.mailbox import store
from portal.local.mailbox.store import MailStore
from tests.mailbox import LINK, letter, running

SCRIPT = "<script>alert(document.domain)</script>"


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory):
    with running(tmp_path_factory.mktemp("mail")) as mailbox:
        yield mailbox


def test_mails_are_listed_newest_first_with_recipient_subject_and_time(mailbox):
    mailbox.take(letter(subject="The first"))
    mailbox.take(letter(subject="Bericht für März"), to="lee@acme.example")

    page = mailbox.page()

    assert page.index("Bericht für März") < page.index("The first")
    assert page.index("lee@acme.example") < page.index("kim@acme.example")
    assert re.search(r'<time datetime="\d{4}-\d\d-\d\dT[^"]+[+-]\d\d:\d\d">\w{3} \d\d \w{3}, \d\d:\d\d:\d\d \w+', page)


def test_one_persons_mails_can_be_looked_at_alone(mailbox):
    mailbox.take(letter(subject="For Max"), to="max@acme.example")
    mailbox.take(letter(subject="For Nora"), to="nora@acme.example")

    page = mailbox.page("/?to=max@acme.example")

    assert "For Max" in page
    assert "For Nora" not in page


def test_a_mail_is_shown_as_html_as_text_with_links_and_with_all_headers(mailbox):
    mailbox.take(letter(Reply_To="ops@acme.example", X_Anything="of mine"))

    page = mailbox.page(address := mailbox.newest())

    assert f'<a href="{LINK}" target="_blank" rel="noopener">{LINK}</a>.' in page
    assert f'src="{address}/html"' in page
    for words in ("Acme Hotels &lt;reports@anycompany.example&gt;", "ops@acme.example", "X-Anything", "of mine"):
        assert words in page
    assert f'<a href="{LINK}">Open</a>' in mailbox.page(f"{address}/html")


def test_a_page_needs_no_script(mailbox):
    mailbox.take(letter())

    for path in ("/", mailbox.newest()):
        assert "<script" not in mailbox.page(path)
        assert "script-src" not in mailbox.get(path).headers["Content-Security-Policy"]
        assert mailbox.get(path).headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_hostile_mail_is_text_on_the_pages(mailbox):
    mailbox.take(letter(subject=SCRIPT, text=f'{SCRIPT} http://127.0.0.1/"onclick=alert(1)', X_Evil=SCRIPT), to=f"{'x' * 9}@acme.example")

    pages = mailbox.page() + mailbox.page(mailbox.newest())

    assert SCRIPT not in pages
    assert "&lt;script&gt;" in pages
    assert '"onclick' not in pages


def test_the_html_of_a_mail_has_no_rights_and_loads_nothing_from_elsewhere(mailbox):
    mailbox.take(letter(html=f'{SCRIPT}<img src="https://tracker.example/x.gif"><base href="https://evil.example">'))

    address = mailbox.newest()
    policy = mailbox.get(f"{address}/html").headers["Content-Security-Policy"]

    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in mailbox.page(address)
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    assert "https" not in policy


def test_links_inside_the_frame_open_in_a_tab_and_leave_the_doctype_where_it_is(mailbox):
    mailbox.take(
        letter(html=f'<!doctype html>\n<html><head lang="en"><title>x</title></head><body><a href="{LINK}">Open</a></body></html>')
    )

    html = mailbox.page(f"{mailbox.newest()}/html")

    assert html.startswith("<!doctype html>")
    assert '<head lang="en"><base target="_blank"><title>' in html


def test_an_attachment_is_saved_and_never_shown(mailbox):
    message = letter()
    message.add_attachment(SCRIPT.encode(), maintype="text", subtype="html", filename="März.html")
    mailbox.take(message)

    address = mailbox.newest()
    answer = mailbox.get(f"{address}/attachment/1")

    assert f"März.html</a> (text/html, {len(SCRIPT)} Bytes)" in mailbox.page(address)
    assert answer.content == SCRIPT.encode()
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert mailbox.get(f"{address}/attachment/2").status_code == 404


def test_a_mail_can_be_saved_as_it_came_below_its_envelope(mailbox):
    mailbox.take(letter(), to="kim@acme.example", sender="bounces@anycompany.example")

    raw = mailbox.get(f"{mailbox.newest()}/raw").text

    assert raw.startswith("Return-Path: <bounces@anycompany.example>\r\nDelivered-To: kim@acme.example\r\nFrom: Acme Hotels")


def test_unsubscribing_is_offered_as_mail_programs_do(mailbox):
    stop = "http://127.0.0.1:8000/u/k3/abc"
    mailbox.take(letter(List_Unsubscribe=f"<mailto:x@acme.example>, <{stop}>", List_Unsubscribe_Post="List-Unsubscribe=One-Click"))
    one_click = mailbox.page(mailbox.newest())
    mailbox.take(letter(List_Unsubscribe=f"<{stop}>"))
    plain = mailbox.page(mailbox.newest())
    mailbox.take(letter(List_Unsubscribe="<javascript:alert(1)>", List_Unsubscribe_Post="List-Unsubscribe=One-Click"))
    hostile = mailbox.page(mailbox.newest())

    assert f'<form method="post" action="{stop}"' in one_click
    assert '<input type="hidden" name="List-Unsubscribe" value="One-Click">' in one_click
    assert f'<a href="{stop}" target="_blank" rel="noopener">Unsubscribe</a>' in plain
    assert "<form" not in hostile
    assert 'href="javascript' not in hostile


@pytest.mark.parametrize(
    ("to", "code"), [("no-such-user@acme.example", 550), ("mailbox-full@acme.example", 452), ("spam-filter@acme.example", 554)]
)
def test_some_addresses_are_there_to_be_refused(mailbox, to, code):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        mailbox.take(letter(), to=to)

    assert refusal.value.recipients[to][0] == code


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe no header at all",
        b"Subject: =?nonsense?b?????=\r\nContent-Type: text/plain; charset=unheard-of\r\n\r\n\xff\xfe",
        b"Message-ID: <<<>\r\nFrom: @@@,<\r\nContent-Type: multipart/mixed\r\n\r\n--x",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx\r\n--b--\r\n",
    ],
    ids=["empty", "no mail", "unknown charset", "broken headers", "a mail within"],
)
def test_what_is_hardly_a_mail_is_shown_too(mailbox, raw):
    mailbox.take(raw)

    address = mailbox.newest()

    assert "As text" in mailbox.page(address)
    assert mailbox.get(f"{address}/html").status_code == 200


def test_what_is_not_there_is_not_found(mailbox):
    for path in ("/mail/nothing", "/mail/..%2f..%2fetc%2fpasswd", "/mail/nothing/html", "/mail/nothing/raw", "/mail/nothing/attachment/1"):
        assert mailbox.get(path).status_code == 404


def test_another_sites_name_does_not_lead_to_the_mails(mailbox):
    assert mailbox.get("/", Host="evil.example").status_code == 400


def test_mails_outlive_the_process(tmp_path):
    with running(tmp_path) as first:
        first.take(letter(subject="Kept over a restart"))
        address = first.newest()

    with running(tmp_path) as second:
        assert "Kept over a restart" in second.page(address)


def test_only_so_many_mails_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "KEPT", 3)
    mails = MailStore(tmp_path)

    for number in range(5):
        mails.keep("a@b.example", ["kim@acme.example"], f"Subject: {number}\r\n\r\n".encode())

    assert [mail.subject for mail in mails.mails(10)] == ["4", "3", "2"]


def test_a_recipient_cannot_write_a_header(tmp_path):
    mails = MailStore(tmp_path)

    mails.keep("a@b.example", ["kim@acme.example\r\nSubject: forged"], b"Subject: real\r\n\r\n")

    assert mails.mails(1)[0].subject == "real"
