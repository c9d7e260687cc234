"""A mail as its own document, as mail programs on phones draw it."""

from __future__ import annotations

import pytest

from reports.mails.content import Address, Content, Fact
from reports.mails.drawing import as_html
from tests.browser.visit import DESKTOP, MOBILE, NARROWEST, Visitors
from tests.long_names import COMPANY, EMAIL, REPORT, VALUE

URL = f"https://reports.anycompany.example/d/AZUREBAY/{'x' * 43}"
LONG = Content(
    subject=REPORT,
    owner=COMPANY,
    title=REPORT,
    glance=REPORT,
    paragraphs=(VALUE,),
    alarm=REPORT,
    alarm_more=VALUE,
    button=Address(REPORT, URL),
    code="482913",
    facts=(Fact("Link gültig bis", VALUE),),
    notes=(REPORT,),
    links=(Address(REPORT, URL),),
    reply_to=EMAIL,
    foot=COMPANY,
)


@pytest.mark.parametrize("size", [DESKTOP, MOBILE, NARROWEST], ids=lambda size: size["width"])
def test_a_mail_with_long_names_fits_every_screen(size, visitors: Visitors):
    with visitors.window(size=size) as visit:
        visit.page.set_content(as_html(LONG))

        assert visit.sideways() == 0
        assert visit.violations() == []
