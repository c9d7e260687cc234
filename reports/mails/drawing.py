"""A content as HTML and as plain text. Both say the same: what a text reader cannot see is only the button's shape and the colours."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from reports.brand import brand
from reports.mails.content import Content, Section, one_line


def as_html(content: Content) -> str:
    return render_to_string("mail/letter.html", {"content": content, "brand": brand(content.color)})


def as_text(content: Content) -> str:
    """Paragraphs apart by an empty line; an address stands alone on its line, so that mail programs make a link of it."""
    wide = max((len(fact.label) for fact in content.facts), default=0) + 1
    parts = [
        one_line(content.owner),
        one_line(content.title),
        *content.paragraphs,
        " ".join(filter(None, (content.alarm, content.alarm_more))),
        content.code,
        f"{content.button.label}:\n{content.button.url}" if content.button else "",
        "\n".join(f"{fact.label + ':':<{wide}}  {one_line(fact.value)}" for fact in content.facts),
        "\n".join(f"{figure.value} {figure.label}" for figure in content.figures),
        *map(_section, content.sections),
        "\n".join(map(one_line, content.notes)),
        "\n".join(f"{link.label}:\n{link.url}" for link in content.links),
        _("Questions: %(address)s") % {"address": content.reply_to} if content.reply_to else "",
        one_line(content.foot),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(section: Section) -> str:
    measured = [f"- {one_line(measure.label)}: {measure.value}" for measure in section.measures]
    return "\n".join((section.title, *measured, *(f"- {one_line(line)}" for line in section.lines)))
