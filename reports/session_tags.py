"""Fail closed on rows: session tags that would show a tenant other rows than its own never reach QuickSight.

QuickSight itself accepts them all: no enabled rule means every row, the match-all value means every row, and a value with the rule's
delimiter means several tenants' rows. So each way is refused here, when tags are written and again before each start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from django.utils.translation import gettext as _

from reports.models import Report
from reports.refused import Place, Refused
from reports.row_rules import RowRules, called, rule_faults
from tenants.secrets import is_storable

# StartDashboardSnapshotJob, RowLevelPermissionTags; botocore does not hold callers to maxima.
MAX_TAGS = 50
MAX_KEY = 128
MAX_VALUE = 256


def refuse_unsafe_tags(tags: Mapping[str, str], required: Sequence[str], row_rules: RowRules, *, same_for_everyone: bool = False) -> None:
    """Raises Refused("rows_not_isolated"). `row_rules` are the report's as preflight read them; empty: not read yet."""
    in_rules = [fault.fact for fault in rule_faults(required, row_rules, same_for_everyone=same_for_everyone)]
    faults = [*tag_faults(tags), *_missing(tags, required), *in_rules, *widening(tags, row_rules), *_incomplete(tags, row_rules)]
    if faults:
        raise Refused("rows_not_isolated", " ".join(faults))


def refuse_unsafe_narrowing(own: Mapping[str, str], narrowing: Mapping[str, str], report: Report) -> None:
    """Tags of an audience beside the tenant's `own`: raises Refused("rows_not_isolated") unless they can only hold more rows back.

    Row rules that nobody has read yet say nothing against them; before a start they are read.
    """
    places = [Place(("session_tags", key), "tag_not_narrowing", fault) for key, fault in _taken_keys(own, narrowing, report.required_tags)]
    faults = [*tag_faults(narrowing)]
    if narrowing and not places and report.preflight != Report.Preflight.NOT_CHECKED:
        faults += [*widening(narrowing, report.row_rules), *_not_narrowing(own, narrowing, report.row_rules)]
    places += [Place(("session_tags",), "tag_invalid", fault) for fault in faults]
    if places:
        raise Refused("rows_not_isolated", " ".join(place.detail for place in places), tuple(places))


def _taken_keys(own: Mapping[str, str], narrowing: Mapping[str, str], required: Sequence[str]) -> Iterator[tuple[str, str]]:
    for key in narrowing:
        if key in own or key in required:
            yield key, _("This key is the company's own. An audience only narrows: it cannot replace one.")


def _not_narrowing(own: Mapping[str, str], narrowing: Mapping[str, str], row_rules: RowRules) -> Iterator[str]:
    """Alternatives of rules are ORed: one that the narrower tags complete must hold its rows to all that the tenant's own tags do.

    Else they would add rows to the company's instead of taking some away.
    """
    keys = ", ".join(f"“{key}”" for key in narrowing)
    ruled = [data_set for data_set in row_rules if data_set["enabled"]]
    if not ruled:
        yield _("No data set of this report has a rule for %(keys)s, so it would not narrow.") % {"keys": keys}
    for data_set in ruled:
        groups = [frozenset(group) for group in data_set.get("groups") or [[rule["key"] for rule in data_set["rules"]]]]
        complete = _that_count(group for group in groups if group <= {*own, *narrowing})
        by_own = _that_count(group for group in groups if group <= own.keys())
        names = {"dataset": called(data_set), "keys": keys}
        if not any(group >= narrowing.keys() for group in complete):
            yield _("Data set %(dataset)s has no rule for %(keys)s, so it would not narrow.") % names
        elif by_own and any(not any(group >= before for before in by_own) for group in complete):
            yield _("With %(keys)s a further alternative of the rules of data set %(dataset)s would hold, which adds rows.") % names
        elif not all(group >= narrowing.keys() for group in complete):
            yield _("Data set %(dataset)s has no rule for %(keys)s, so it would not narrow.") % names


def _that_count(complete: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """Without those that a larger one narrows: beside it they do not count (docs/pretend-aws.md)."""
    found = list(complete)
    return [group for group in found if not any(group < larger for larger in found)]


def tag_faults(tags: Mapping[str, str]) -> Iterator[str]:
    """What QuickSight could not take from anybody, and blank values. No sentence repeats a value."""
    if len(tags) > MAX_TAGS:
        yield _("There are %(count)d session tags; QuickSight takes at most %(limit)d.") % {"count": len(tags), "limit": MAX_TAGS}
    for key, value in tags.items():
        if not key.strip() or len(key) > MAX_KEY:
            yield _("The key of a session tag must have 1 to %(limit)d characters.") % {"limit": MAX_KEY}
        elif key != key.strip() or not key.isprintable():
            # Two keys that look alike: whoever reviews them takes one for the other.
            yield _("The key of a session tag begins or ends with a space, or has an invisible character.")
        if not value.strip():
            yield _("Session tag “%(key)s” is blank.") % {"key": key}
        elif value != value.strip() or not value.isprintable():
            # QuickSight compares to the letter; a value that looks like another tenant's would show nothing, or the wrong rows.
            yield _("Session tag “%(key)s” begins or ends with a space, or has an invisible character.") % {"key": key}
        elif len(value) > MAX_VALUE:
            yield _("Session tag “%(key)s” is longer than %(limit)d characters.") % {"key": key, "limit": MAX_VALUE}
        if not is_storable(key + value):
            yield _("Session tag “%(key)s” has a character that cannot be sent.") % {"key": key.encode("ascii", "replace").decode()}


def _missing(tags: Mapping[str, str], required: Sequence[str]) -> Iterator[str]:
    if not tags:
        yield _("There are no session tags.")
    for key in required:
        if key not in tags:
            yield _("Session tag “%(key)s” is missing.") % {"key": key}


def widening(tags: Mapping[str, str], row_rules: RowRules) -> Iterator[str]:
    """A value that one rule reads as several values or as all of them."""
    for data_set in row_rules:
        for rule in data_set["rules"]:
            value = tags.get(rule["key"], "")
            names = {"dataset": called(data_set), "key": rule["key"]}
            if rule["delimiter"] and rule["delimiter"] in value:
                yield _("Session tag “%(key)s” contains the delimiter of the rule in data set %(dataset)s.") % names
            if rule["match_all"] and value == rule["match_all"]:
                yield _("Session tag “%(key)s” is the value that means all rows in data set %(dataset)s.") % names


def _incomplete(tags: Mapping[str, str], row_rules: RowRules) -> Iterator[str]:
    """Nobody says which rows QuickSight shows when only some keys of a set of rules are sent: such tags are not sent."""
    for data_set in row_rules:
        if not data_set["enabled"]:
            continue
        alternatives = data_set.get("groups") or [[rule["key"] for rule in data_set["rules"]]]
        if not any(set(group) <= tags.keys() for group in alternatives):
            keys = ", ".join(sorted(set(alternatives[0]) - tags.keys()))
            yield _("Data set %(dataset)s also needs the session tags: %(keys)s.") % {"dataset": called(data_set), "keys": keys}
