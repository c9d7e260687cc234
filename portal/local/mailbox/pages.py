"""The mailbox in a browser. Whatever a mail holds, it runs nothing here: its HTML is shown in a frame without any rights."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import Flask, Response, abort, render_template, request
from markupsafe import Markup, escape

from portal.local.mailbox.store import Mail, MailStore

SHOWN = 200
LOOPBACK = "http://127.0.0.1:* http://localhost:*"
PAGE_POLICY = f"default-src 'none'; style-src 'self'; frame-src 'self'; form-action {LOOPBACK}; base-uri 'none'; frame-ancestors 'none'"
# Its links open in a tab of their own, which has the rights that the mail itself has not.
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
MAIL_POLICY = f"sandbox {SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; img-src data: {LOOPBACK}; frame-ancestors 'self'"
IN_A_TAB = '<base target="_blank">'
ADDRESS = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")


def application(store: MailStore) -> Flask:
    pages = Flask(__name__, static_url_path="/static")
    # No other name leads here, so no other site's page can read the mails through one.
    pages.config["TRUSTED_HOSTS"] = ["127.0.0.1", "localhost"]
    pages.jinja_env.filters["linked"] = linked
    pages.after_request(_guarded)

    @pages.get("/")
    def inbox() -> str:
        to = request.args.get("to", "")
        return render_template("inbox.html", mails=store.mails(SHOWN, to), to=to, limit=SHOWN)

    @pages.get("/mail/<name>")
    def mail(name: str) -> str:
        found = _found(store, name)
        return render_template("mail.html", mail=found, html=found.body("html"), sandbox=SANDBOX, **_stopping(found))

    @pages.get("/mail/<name>/html")
    def html(name: str) -> Response:
        return Response(_in_a_tab(_found(store, name).body("html")), headers={"Content-Security-Policy": MAIL_POLICY}, mimetype="text/html")

    @pages.get("/mail/<name>/raw")
    def raw(name: str) -> Response:
        return _saved(_found(store, name).raw, f"{name}.eml")

    @pages.get("/mail/<name>/attachment/<int:number>")
    def attachment(name: str, number: int) -> Response:
        attachments = _found(store, name).attachments()
        if not 1 <= number <= len(attachments):
            abort(404)
        title, _, content = attachments[number - 1]
        return _saved(content, title)

    return pages


def linked(text: str) -> Markup:
    """Text as HTML, in which web addresses are links."""
    parts, end = [], 0
    for found in ADDRESS.finditer(text):
        parts += [escape(text[end : found.start()]), Markup('<a href="{0}" target="_blank" rel="noopener">{0}</a>').format(found[0])]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _found(store: MailStore, name: str) -> Mail:
    return store.find(name) or abort(404)


def _stopping(mail: Mail) -> dict[str, str]:
    """Where a mail program's own "unsubscribe" leads; `one_click` posts there, as RFC 8058 has it."""
    addresses = re.findall(r"<([^<>]*)>", "".join(mail.headers("List-Unsubscribe")))
    web = next((address for address in addresses if urlsplit(address).scheme in ("http", "https")), "")
    posts = "one-click" in "".join(mail.headers("List-Unsubscribe-Post")).lower()
    return {"one_click": web if posts else "", "unsubscribe": "" if posts else web}


def _in_a_tab(html: str) -> str:
    """Inside `head` where there is one: before the doctype it would change how the mail looks."""
    head = re.search(r"<head\b[^>]*>", html, re.I)
    return html[: head.end()] + IN_A_TAB + html[head.end() :] if head else IN_A_TAB + html


def _saved(content: bytes, name: str) -> Response:
    """Never shown: an attachment may be a page with a script."""
    answer = Response(content, mimetype="application/octet-stream")
    answer.headers.set("Content-Disposition", "attachment", filename="".join(filter(str.isprintable, name)))
    return answer


def _guarded(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    # The address of a mail says nothing to the portal, and the portal's links are secrets.
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
