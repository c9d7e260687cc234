"""The complaints that the other tests find none of are heard when there are some."""

from __future__ import annotations

import pytest

from tests.browser.chromium import PATIENCE_MS
from tests.browser.visit import Visit, Visitors

FAULTS = {
    "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')": "CSP style-src-attr inline",
    "document.body.append(Object.assign(new Image(), {src: 'https://elsewhere.example/x.png'}))": "CSP img-src https://elsewhere.example",
    "console.error('broken')": "console: broken",
    "setTimeout(() => nobody())": "script: nobody is not defined",
    "fetch('/static/none.css')": "404: http://127.0.0.1",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_page_is_a_complaint(fault, visitors: Visitors):
    with visitors.window() as visit:
        visit.page.goto("/accounts/login/")
        before = list(visit.complaints)
        visit.page.evaluate(f"() => {{ {fault} }}")
        for _ in range(PATIENCE_MS // 100):
            if heard(visit, fault):
                break
            visit.page.wait_for_timeout(100)

    assert before == []
    assert heard(visit, fault), visit.complaints


def heard(visit: Visit, fault: str) -> bool:
    return any(FAULTS[fault] in complaint for complaint in visit.complaints)


def test_faint_letters_and_fields_without_a_name_are_violations(visitors: Visitors):
    with visitors.window() as visit:
        visit.page.goto("/accounts/login/")
        visit.page.evaluate("document.querySelector('.lead').style.color = '#ccc'")
        visit.page.evaluate("document.querySelector('label').remove()")
        found = visit.violations()

    assert {violation.partition(" ")[0] for violation in found} == {"color-contrast", "label"}


def test_what_stands_out_at_the_side_is_measured(visitors: Visitors):
    with visitors.window() as visit:
        visit.page.goto("/accounts/login/")
        before = visit.sideways()
        visit.page.evaluate("document.querySelector('h1').style.width = '3000px'")

        assert (before, visit.sideways() > 0) == (0, True)
