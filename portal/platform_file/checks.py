"""Checks for single values of a platform file. Each returns the value in our own form or raises Bad."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.platform_file.faults import Bad
from reports import periods
from reports.address_book.addresses import clean_address
from reports.address_book.words import NAME_LENGTH, group_name_fault
from reports.brand import HEX, LEAST_CONTRAST, WHITE, contrast
from reports.mails.variables import check_text
from reports.refused import Refused
from reports.scheduling import BadCron, check_cron
from reports.session_tags import tag_faults
from tenants.founding import RESERVED_SLUGS
from tenants.models.tenant import check_timezone

Check = Callable[[Any], Any]
Scalar = str | int | float
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
ADDRESS_LENGTH = 254


def text(limit: int, *, empty: bool = False, lines: bool = False) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise Bad(_("must be text in quotation marks."))
        if not value.strip() and not (empty and not value):
            raise Bad(_("must not be blank."))
        if len(value) > limit:
            raise Bad(_("must have at most %(limit)d characters.") % {"limit": limit})
        if (CONTROL_IN_LINES if lines else CONTROL).search(value):
            raise Bad(_("has a control character."))
        return value

    return check


def mail_text(limit: int, *, lines: bool = False) -> Check:
    """Of a schedule's mail: empty, or text whose variables are known."""
    plain = text(limit, empty=True, lines=lines)

    def check(value: Any) -> str:
        if fault := check_text(plain(value)):
            raise Bad(fault)
        return str(value)

    return check


def matching(pattern: str, sentence: str | Promise, *, limit: int = 2048, empty: bool = False) -> Check:
    plain = text(limit, empty=empty)

    def check(value: Any) -> str:
        if (plain(value) or not empty) and not re.fullmatch(pattern, value):
            raise Bad(str(sentence))
        return str(value)

    return check


def slug(limit: int) -> Check:
    return matching(
        r"[a-z0-9]+([-_][a-z0-9]+)*", gettext_lazy("must be small letters, digits and single hyphens, such as daily-calls."), limit=limit
    )


def tenant_slug(value: Any) -> str:
    """Of a company, which has pages under it."""
    if (found := slug(63)(value)) in RESERVED_SLUGS:
        raise Bad(_("is the name of a page. Choose another."))
    return str(found)


def one_of(*allowed: str) -> Check:
    def check(value: Any) -> str:
        if value not in allowed:
            raise Bad(_("must be one of %(allowed)s.") % {"allowed": ", ".join(allowed)})
        return str(value)

    return check


def whole(low: int, high: int) -> Check:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Bad(_("must be a whole number from %(low)d to %(high)d.") % {"low": low, "high": high})
        return value

    return check


def above_zero(high: float) -> Check:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 < value <= high:
            raise Bad(_("must be a number above 0, at most %(high)g.") % {"high": high})
        return float(value)

    return check


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Bad(_("must be true or false."))
    return value


def email(value: Any) -> str:
    """In small letters: one address, one person."""
    address = text(ADDRESS_LENGTH)(value).strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise Bad(_("is not an e-mail address.")) from None
    return address


def recipient(value: Any) -> str:
    """As the address book keeps it, so that one mailbox is one recipient."""
    try:
        return clean_address(text(ADDRESS_LENGTH)(value))
    except Refused as refused:
        raise Bad(refused.detail) from None


def group_name(value: Any) -> str:
    name = text(NAME_LENGTH)(value)
    if fault := group_name_fault(name):
        raise Bad(fault)
    return name


def or_empty(check: Check, empty: Any) -> Check:
    """`""` takes the value away."""
    return lambda value: empty if value == "" else check(value)


def day(value: Any) -> date:
    """TOML's own day, or text such as "2026-11-28"."""
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if not isinstance(found, date) or isinstance(found, datetime):
        raise Bad(_("must be a day such as 2026-11-28."))
    return found


def time_of_day(value: Any) -> time:
    """TOML's own time, or text such as "09:00"."""
    try:
        found = time.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if not isinstance(found, time) or found.tzinfo or found.second or found.microsecond:
        raise Bad(_("must be a time of day in hours and minutes, such as 09:00."))
    return found


def color(value: Any) -> str:
    """That white text can be read on."""
    if not HEX.fullmatch(text(7)(value)):
        raise Bad(_("must be a colour such as #0f5f8c."))
    found = contrast(value, WHITE)
    if found < LEAST_CONTRAST:
        raise Bad(
            _("white text on it cannot be read: its contrast is %(found).1f, and %(least).1f are needed.")
            % {"found": found, "least": LEAST_CONTRAST}
        )
    return str(value)


def zone(value: Any) -> str:
    try:
        check_timezone(text(64)(value))
    except ValidationError:
        raise Bad(_("must be a time zone such as Europe/Berlin.")) from None
    return str(value)


def cron(value: Any) -> str:
    try:
        check_cron(text(120)(value))
    except BadCron as error:
        raise Bad(str(error)) from None
    return str(value).strip()


def many(check: Check, *, least: int = 0, most: int = 1000) -> Check:
    def check_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Bad(_("must be a list in square brackets."))
        if not least <= len(value) <= most:
            raise Bad(_("must have %(least)d to %(most)d entries.") % {"least": least, "most": most})
        checked = []
        for position, item in enumerate(value, 1):
            try:
                checked.append(check(item))
            except Bad as error:
                raise Bad(str(error), f"[{position}]{error.at}") from None
            if checked[-1] in checked[:-1]:
                raise Bad(_("stands in the list twice."), f"[{position}]")
        return checked

    return check_all


def table(keys: dict[str, Check]) -> Check:
    def check_all(value: Any) -> dict[str, Any]:
        checked = {}
        for name, item in _table(value).items():
            if name not in keys:
                raise Bad(_("is not a key here. Known: %(known)s.") % {"known": ", ".join(keys)}, f".{name}")
            try:
                checked[name] = keys[name](item)
            except Bad as error:
                raise Bad(str(error), f".{name}{error.at}") from None
        return checked

    return check_all


def session_tags(value: Any) -> dict[str, str]:
    for key, item in _table(value).items():
        if not isinstance(item, str):
            raise Bad(_("must be text in quotation marks."), f".{key}")
    sentences = list(tag_faults(value))
    if sentences:
        raise Bad(" ".join(sentences))
    return dict(value)


def parameter_values(value: Any) -> dict[str, Any]:
    """Name to values; whether they fit the report's parameters is looked at when the report is known."""
    return _each_parameter(value, scalars)


def planned_values(value: Any) -> dict[str, Any]:
    """The same, and a value may be a relative period such as { relative = "yesterday" }."""
    return _each_parameter(value, lambda item: _period(item) if periods.is_relative(item) else scalars(item))


def _each_parameter(value: Any, check: Check) -> dict[str, Any]:
    found = {}
    for name, item in _table(value).items():
        try:
            found[name] = check(item)
        except Bad as error:
            raise Bad(str(error), f".{name}{error.at}") from None
    return found


def _period(value: Any) -> Any:
    try:
        periods.read(value)
    except periods.BadPeriod as error:
        raise Bad(str(error)) from None
    return value


def scalars(value: Any) -> list[Scalar]:
    """One value is a list of one. TOML's own days and times become text, as JSON keeps them."""
    return [_scalar(item) for item in (value if isinstance(value, list) else [value])]


def _scalar(value: Any) -> Scalar:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, Scalar):
        raise Bad(_("must be text, a number or a day, or a list of these."))
    return value


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Bad(_('must be a table in curly brackets, such as { name = "value" }.'))
    return value
