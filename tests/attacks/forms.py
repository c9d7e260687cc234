"""The forms of a page, as a browser would send them untouched."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

INPUTS = ("input", "select", "textarea", "button")
# A browser sends none of these by itself.
NOT_SENT = ("submit", "button", "reset", "image", "file")


@dataclass
class Form:
    """`values`: by name, what it would send; `offered`: by name, what else there is to choose."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    offered: dict[str, set[str]] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        return self.values.keys() | self.offered.keys()


class _Reader(HTMLParser):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.forms, self.links = path, list[Form](), list[str]()
        self._form: Form | None = None
        self._select, self._textarea = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(urljoin(self.path, given["href"]))
        for verb in ("get", "post"):
            if f"hx-{verb}" in given and tag != "form":
                self.forms.append(Form(urljoin(self.path, given[f"hx-{verb}"]), verb))
        if tag == "form":
            self._form = Form(urljoin(self.path, given.get("action") or self.path), given.get("method", "get").lower())
            self.forms.append(self._form)
        if "formaction" in given and self._form is not None:
            self.forms.append(Form(urljoin(self.path, given["formaction"]), "post", self._form.values, self._form.offered))
        if self._form is not None:
            self._field(self._form, tag, given)

    def _field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "option" and self._select:
            form.offered.setdefault(self._select, set()).add(value)
            if "selected" in given:
                form.values.setdefault(self._select, []).append(value)
        elif tag in INPUTS and name:
            form.offered.setdefault(name, set()).add(value)
            self._select = name if tag == "select" else ""
            self._textarea = name if tag == "textarea" else ""
            kind = given.get("type", "text" if tag == "input" else "submit")
            if tag == "input" and kind not in NOT_SENT and (kind not in ("checkbox", "radio") or "checked" in given):
                form.values.setdefault(name, []).append(value)

    def handle_data(self, data: str) -> None:
        if self._textarea and self._form is not None:
            self._form.values[self._textarea] = [data.removeprefix("\n")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == "textarea":
            self._textarea = ""
        if tag == "select":
            self._select = ""


def forms_of(path: str, html: str) -> list[Form]:
    return _read(path, html).forms


def queries_of(path: str, html: str) -> set[tuple[str, str]]:
    """(path, name of a parameter), of the links and the forms that only ask."""
    read = _read(path, html)
    asked = {(urlsplit(link).path, name) for link in read.links for name, _ in parse_qsl(urlsplit(link).query, keep_blank_values=True)}
    return asked | {(urlsplit(form.action).path, name) for form in read.forms if form.method == "get" for name in form.names}


def _read(path: str, html: str) -> _Reader:
    reader = _Reader(path)
    reader.feed(html)
    reader.close()
    return reader
