from __future__ import annotations

import pytest

from reports.mails.variables import VARIABLES, check_text, fill

TAKEN = ["", "Your {report}", "{schedule}: {period}, {date} {time}", "For {recipient} of {tenant}", "{ alone", "} {"]
REFUSED = ["{nope}", "{}", "{report.account}", "{report[0]}", "{0}", "{Report}", "{ report }", "{{nope}}", "{__class__}"]


@pytest.mark.parametrize("text", TAKEN)
def test_texts_with_known_variables_are_taken(text):
    assert check_text(text) == ""


@pytest.mark.parametrize("text", REFUSED)
def test_an_unknown_variable_is_refused_with_those_that_are_known(text):
    fault = check_text(text)

    assert "is not known here" in fault
    assert all(f"{{{name}}}" in fault for name in VARIABLES)


def test_what_a_value_holds_is_not_filled_in_again():
    assert fill("{report} {tenant}", {"report": "{tenant}", "tenant": "Acme"}) == "{tenant} Acme"


def test_no_template_language_is_spoken():
    assert fill("{% load x %} {{ report }} %(report)s $report", {"report": "X"}) == "{% load x %} {{ report }} %(report)s $report"
