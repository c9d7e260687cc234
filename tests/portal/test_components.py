"""The parts that pages are built of, drawn one by one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import Context, Template, TemplateSyntaxError
from django.template.loader import get_template
from django.utils import timezone
from django_cotton.compiler_regex import CottonCompiler

from portal import icons, status, words
from portal.templatetags.portal import value_words
from reports import timeline
from reports.models import Link, SnapshotJob

APP = Path(settings.BASE_DIR, "portal")
TEMPLATES = sorted(Path(settings.BASE_DIR, "templates").rglob("*.html"))
NOON = datetime(2026, 11, 23, 9, 17, 5, tzinfo=UTC)


@pytest.fixture
def lisbon():
    with timezone.override("Europe/Lisbon"):
        yield


def draw(source: str, **context: object) -> str:
    return Template(CottonCompiler().process("{% load portal i18n %}" + source)).render(Context(context)).strip()


def test_an_icon_is_drawn_inline_from_its_own_file():
    drawn = draw('{% icon "check" "icon--s" %}')

    assert drawn.startswith('<svg class="icon icon--s" viewBox="0 0 24 24"')
    assert drawn.count("<path") == 1
    assert 'aria-hidden="true"' in drawn


def test_an_unknown_icon_stops_the_page_with_its_name():
    with pytest.raises(TemplateSyntaxError, match="no-such-icon"):
        draw('{% icon "no-such-icon" %}')


def test_every_icon_that_is_kept_is_used():
    sources = "".join(path.read_text() for path in [*TEMPLATES, *APP.rglob("*.py"), APP.parent / "reports/timeline.py"])

    unused = {name for name in icons.names() if f'"{name}"' not in sources}

    assert not unused


@pytest.mark.parametrize("look", [*status.JOBS.values(), *status.LINKS.values(), status.RETRYING, status.ATTEMPT_OPEN])
def test_every_state_has_an_icon_that_exists_and_a_word(look):
    drawn = draw('<c-look :look="look" />', look=look)

    assert drawn.startswith('<span class="badge')
    assert "<svg" in drawn
    assert str(look.word) in drawn


@pytest.mark.parametrize("name", sorted({icon for _, _, icon, _ in timeline.LINES.values()}))
def test_every_line_of_the_timeline_has_its_icon(name):
    assert name in icons.names()


def test_no_state_is_without_a_look():
    assert set(status.JOBS) == set(SnapshotJob.Status)
    assert set(status.LINKS) == set(Link.Status)


def test_a_job_that_waits_for_its_next_attempt_says_retrying():
    job = SnapshotJob(status="queued", waiting="retry")

    assert status.of_job(job) is status.RETRYING


def test_a_job_is_called_submitted_only_once_something_was_sent():
    asking, sent = SnapshotJob(status="starting"), SnapshotJob(status="starting", attempt_count=1)

    assert status.of_job(asking) is status.JOBS["queued"]
    assert status.of_job(sent) is status.JOBS["starting"]


def test_a_step_bar_says_where_the_job_is_in_words():
    drawn = draw("{% steps look %}", look=status.JOBS["running"])

    assert 'aria-label="Step 3 of 5: Rendering"' in drawn
    assert re.findall(r"<i(?: class=\"(\w+)\")?>", drawn) == ["done", "done", "now", "", ""]


def test_a_button_with_an_address_is_a_link_and_one_without_submits():
    link = draw('<c-button kind="primary" href="/there/">Go</c-button>')
    button = draw('<c-button icon="refresh" size="s" data-busy>Run again</c-button>')

    assert link == '<a href="/there/" class="btn btn--primary" >Go</a>'
    assert button.startswith('<button type="submit" class="btn btn--s" data-busy')


def test_what_people_type_is_escaped_in_a_component():
    drawn = draw('<c-badge>{{ name }}</c-badge><c-mark name="{{ name }}" />', name="<b>")

    assert "<b>" not in drawn


def test_a_time_is_shown_in_the_tenants_zone_and_machine_readable(lisbon):
    summer = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)

    drawn = draw("{% moment at %}", at=summer)

    assert drawn == '<time datetime="2026-07-01T09:00:00+00:00">Wed 1 Jul 2026, 10:00</time>'


def test_a_near_time_is_told_by_its_day(lisbon):
    now = NOON

    told = [words.moment_near(now.replace(day=day), now) for day in (23, 22, 16)]

    assert told == ["today, 09:17", "yesterday, 09:17", "16 Nov, 09:17"]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.4, "0 s"), (48, "48 s"), (68, "1 min 08 s"), (3720, "1 h 02 min"), (183600, "2 d 03 h"), (-5, "0 s")],
)
def test_a_duration_has_two_units_at_most(seconds, told):
    assert words.duration(seconds) == told


def test_a_time_to_come_is_told_with_its_day_unless_that_is_today(lisbon):
    assert [words.soon(NOON.replace(day=day, hour=10), NOON) for day in (23, 24)] == ["10:17", "24 Nov, 10:17"]


@pytest.mark.parametrize(("size", "told"), [(17, "17 bytes"), (422_000, "412 KB"), (1_900_000, "1.8 MB")])
def test_a_size_is_told_in_the_unit_that_fits(size, told):
    assert words.file_size(size) == told


@pytest.mark.parametrize(
    ("kind", "told"),
    [("TableVisual", "table"), ("PivotTableVisual", "pivot table"), ("KPIVisual", "KPI"), ("HeatMapVisual", "heat map"), ("", "")],
)
def test_a_kind_of_visual_is_told_in_words(kind, told):
    assert words.visual_kind(kind) == told


def test_an_aws_account_is_grouped_as_aws_shows_it():
    assert words.aws_account("123456789012") == "1234 5678 9012"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR / "templates")))
def test_a_template_compiles_and_holds_nothing_inline(path):
    source = path.read_text()

    get_template(str(path.relative_to(settings.BASE_DIR / "templates")))

    # A mail has no style sheet: programs that show it keep what stands at the element alone.
    styles = "" if path.parent.name == "mail" else r"\sstyle=|"
    assert not re.search(styles + r"\son\w+=|hx-on|js:|javascript:", source)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", source))


@pytest.mark.parametrize("name", ["500.html", "503.html"])
def test_an_error_page_needs_no_request(name):
    assert f'aria-hidden="true">{name[:3]}</p>' in get_template(name).render()


@pytest.mark.parametrize(
    "name", ["portal.css", "portal.js", "htmx-4.0.1.min.js", "inter-latin-wght.woff2", "mark.svg", "licences/htmx-0BSD.txt"]
)
def test_a_static_file_is_found(name):
    assert finders.find(f"portal/{name}")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (["2026-10-26T00:00:00+01:00"], "26 Oct 2026"),
        (["2026-10-26T06:30:00+00:00"], "Mon 26 Oct 2026, 07:30"),
        (["North", 7, 0.5], "North, 7, 0.5"),
        ("2026-10-26", "2026-10-26"),
    ],
)
def test_a_parameters_time_is_shown_as_it_was_chosen(value, shown):
    with timezone.override("Europe/Berlin"):
        assert value_words(value) == shown
