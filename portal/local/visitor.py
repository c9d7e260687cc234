"""Downloads the files of a link as the browser of an end customer would: read the page, press each button, follow it to the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

TIMEOUT_SECONDS = 20


class DownloadFailed(Exception):
    """The page or a file did not come as it should."""


def opener(*handlers: HTTPRedirectHandler) -> OpenerDirector:
    """With cookies, and without the proxies of the environment: everything here is on this machine."""
    return build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()), *handlers)


def download(url: str, folder: Path) -> list[Path]:
    """The saved files, one for each file's button of the page. Raises DownloadFailed or OSError."""
    browser = opener()
    with browser.open(url, timeout=TIMEOUT_SECONDS) as page:
        # Other forms ask for all of them at once, or for something else.
        forms = [form for form in forms_of(page.read().decode()) if "file" in form]
    if not forms:
        raise DownloadFailed(f"The page of the link offers no file: {url}")
    return [_press(browser, url, form, folder) for form in forms]


def _press(browser: OpenerDirector, url: str, form: dict[str, str], folder: Path) -> Path:
    with browser.open(Request(url, urlencode(form).encode(), {"Referer": url}), timeout=TIMEOUT_SECONDS) as answer:
        name = answer.headers.get_filename()
        if not name:
            raise DownloadFailed(f"{url} answered with a page instead of a file.")
        path = folder / Path(name).name
        path.write_bytes(answer.read())
    return path


def forms_of(html: str) -> list[dict[str, str]]:
    """The hidden fields of each form that is sent by POST."""
    parser = _Forms()
    parser.feed(html)
    return parser.forms


@dataclass
class _Forms(HTMLParser):
    forms: list[dict[str, str]] = field(default_factory=list)
    _open: dict[str, str] | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("method", "").lower() == "post":
            self._open = {}
            self.forms.append(self._open)
        elif tag == "input" and self._open is not None and values.get("type") == "hidden":
            self._open[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
