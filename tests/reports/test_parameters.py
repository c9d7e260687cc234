"""Values for typed parameters: what fits goes through unchanged, what does not is refused at its place."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from reports import parameters
from reports.models import ReportParameter
from reports.refused import Refused

BERLIN = ZoneInfo("Europe/Berlin")
# Already the 23rd in Berlin.
NOW = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
REGION = ReportParameter(name="Region", type="string", multiple=True, choices=["North", "South"], default=["North"])
NOTE = ReportParameter(name="Note", type="string")
COUNT = ReportParameter(name="Count", type="integer", default=7)
SCORE = ReportParameter(name="Score", type="decimal", default=0.5)
SINCE = ReportParameter(name="Since", type="datetime", default="2026-01-01")


def refusal(parameter, value, pinned=None) -> Refused:
    with pytest.raises(Refused) as caught:
        parameters.resolve([parameter], pinned or {}, {parameter.name: value}, BERLIN, at=NOW)
    return caught.value


@pytest.mark.parametrize(
    ("parameter", "value", "sent"),
    [
        (REGION, "South", ["South"]),
        (REGION, ["North", "South"], ["North", "South"]),
        (NOTE, "Zimmer 7 — Süd", ["Zimmer 7 — Süd"]),
        (COUNT, -3, [-3]),
        (SCORE, 4, [4]),
        (SCORE, 0.25, [0.25]),
        (SINCE, "2026-11-22", ["2026-11-22T00:00:00+01:00"]),
        (SINCE, "2026-07-22", ["2026-07-22T00:00:00+02:00"]),
        (SINCE, "2026-11-22T06:00:00Z", ["2026-11-22T06:00:00+00:00"]),
    ],
)
def test_a_value_of_the_right_type_is_sent(parameter, value, sent):
    assert parameters.resolve([parameter], {}, {parameter.name: value}, BERLIN, at=NOW) == {parameter.name: sent}


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (REGION, "Middle"),
        (REGION, []),
        (REGION, ["North"] * 101),
        (NOTE, ["one", "two"]),
        (NOTE, "   "),
        (NOTE, 7),
        (NOTE, "x" * 1001),
        (NOTE, "a\0b"),
        (NOTE, "\ud800"),
        (COUNT, "7"),
        (COUNT, 7.5),
        (COUNT, True),
        (COUNT, 2**53),
        (SCORE, "0.5"),
        (SCORE, float("nan")),
        (SCORE, 10**400),
        (SCORE, float("inf")),
        (SCORE, False),
        (SINCE, "yesterday"),
        (SINCE, "2026-02-30"),
        (SINCE, "2026-11-22T06:00:00"),
        (SINCE, 1700000000),
    ],
)
def test_a_value_that_does_not_fit_is_refused_at_its_place(parameter, value):
    refused = refusal(parameter, value)

    assert refused.code == "parameter_value"
    assert [place.path for place in refused.places] == [("parameters", parameter.name)]
    assert refused.detail.startswith(f"{parameter.name}: ")


def test_what_is_left_out_takes_its_default():
    assert parameters.resolve([REGION, COUNT], {}, {}, BERLIN, at=NOW) == {"Region": ["North"], "Count": [7]}


def test_a_parameter_without_a_default_has_to_be_given():
    with pytest.raises(Refused, match="Note needs a value"):
        parameters.resolve([NOTE], {}, {}, BERLIN, at=NOW)


def test_an_unknown_parameter_is_refused():
    with pytest.raises(Refused, match="Planet is not a parameter of this report"):
        parameters.resolve([REGION], {}, {"Planet": "Mars"}, BERLIN, at=NOW)


def test_a_pinned_value_wins_and_cannot_be_changed():
    assert parameters.resolve([REGION], {"Region": ["South"]}, {}, BERLIN, at=NOW) == {"Region": ["South"]}
    assert parameters.resolve([REGION], {"Region": ["South"]}, {"Region": "South"}, BERLIN, at=NOW) == {"Region": ["South"]}
    assert refusal(REGION, "North", {"Region": ["South"]}).code == "parameter_pinned"


def test_every_fault_is_named_at_once():
    with pytest.raises(Refused) as caught:
        parameters.resolve([COUNT, SCORE, NOTE], {}, {"Count": "7", "Score": "x", "Planet": 1}, BERLIN, at=NOW)

    assert {place.path[1] for place in caught.value.places} == {"Count", "Score", "Note", "Planet"}


@pytest.mark.parametrize(("kind", "stored", "python"), [("decimal", 4, 4.0), ("integer", 7, 7), ("string", "7", "7")])
def test_stored_values_become_the_types_that_quicksight_wants(kind, stored, python):
    value = parameters.to_python(kind, stored)

    assert value == python
    assert type(value) is type(python)


@pytest.mark.parametrize(
    ("parameter", "value", "sent"),
    [
        (SINCE, {"relative": "yesterday"}, "2026-11-22T00:00:00+01:00"),
        (SINCE, {"relative": "previous_month"}, "2026-10-01T00:00:00+02:00"),
        (SINCE, {"relative": "previous_month", "part": "end_exclusive"}, "2026-11-01T00:00:00+01:00"),
        (NOTE, {"relative": "previous_month", "format": "YYYY-MM"}, "2026-10"),
        (NOTE, {"relative": "last_n_days", "n": 7, "part": "end"}, "2026-11-22"),
    ],
)
def test_a_relative_period_is_that_of_the_run_in_its_zone(parameter, value, sent):
    assert parameters.resolve([parameter], {}, {parameter.name: value}, BERLIN, at=NOW) == {parameter.name: [sent]}


@pytest.mark.parametrize(
    ("parameter", "value", "sentence"),
    [
        (COUNT, {"relative": "today"}, "a number takes no relative period"),
        (SCORE, {"relative": "today"}, "a number takes no relative period"),
        (SINCE, {"relative": "today", "format": "YYYY"}, "a day takes no format"),
        (SINCE, {"relative": "someday"}, "relative must be one of today, yesterday"),
        (SINCE, {}, "relative must be one of"),
        (REGION, {"relative": "today"}, "must be one of North, South"),
    ],
)
def test_a_relative_period_that_does_not_fit_is_refused_at_its_parameter(parameter, value, sentence):
    refused = refusal(parameter, value)

    assert refused.places[0].path == ("parameters", parameter.name)
    assert refused.places[0].code == "parameter_value"
    assert sentence in str(refused)
