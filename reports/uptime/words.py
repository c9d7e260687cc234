"""Causes of trouble in plain words for everybody, whoever's customers they are: no name of a company, a report or an account."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Told:
    """`now` and `past` are headings, `text` says what it means."""

    now: str | Promise
    past: str | Promise
    text: str | Promise


CAUSES: dict[str, Told] = {
    "restored": Told(
        _("Reports and deliveries rest"),
        _("Reports and deliveries rested"),
        _("The service was put back from a backup, and is looked through before it goes on. What is due meanwhile waits."),
    ),
    "engine_silent": Told(
        _("No reports are made right now"),
        _("No reports were made"),
        _("The part of the service that makes reports does not answer. Planned reports are made when it is back."),
    ),
    "worker_away": Told(
        _("No reports are made right now"),
        _("No reports were made or sent"),
        _("The part of the service that makes and sends reports was away. Planned reports are made when it is back."),
    ),
    "refused": Told(
        _("Reports wait"), _("Reports waited"), _("Amazon QuickSight does not let us in. What is due starts as soon as it does.")
    ),
    "unanswered": Told(
        _("Reports wait"), _("Reports waited"), _("Amazon QuickSight does not answer. What is due starts in its order as soon as it does.")
    ),
    "paused": Told(_("Reports wait"), _("Reports waited"), _("We have stopped the making of reports for a while. What is due waits.")),
    "waits": Told(
        _("Reports take longer right now"),
        _("Reports took longer"),
        _("More reports are due than can be made at once. They start in their order; some wait for more than 15 minutes."),
    ),
    "mail_paused": Told(_("Emails wait"), _("Emails waited"), _("We have stopped emails for a while. Links that were sent work.")),
    "mail_refused": Told(
        _("Emails wait"),
        _("Emails waited"),
        _("Our mail server takes no emails. They leave when it does. Links that were sent work."),
    ),
    "mail_late": Told(_("Emails are late"), _("Emails were late"), _("Emails leave more than 10 minutes late. Links that were sent work.")),
    "files_late": Told(
        _("Files reach servers late"),
        _("Files reached servers late"),
        _("Files and messages leave for servers, buckets and webhooks more than 10 minutes late."),
    ),
    "no_answer": Told(_("Pages do not answer"), _("Pages did not answer"), _("Reports and deliveries go on by themselves.")),
    "errors": Told(_("Pages answer with errors"), _("Pages answered with errors"), _("Reports and deliveries go on by themselves.")),
    "answers_slowly": Told(_("Pages are slow"), _("Pages were slow"), _("Answers take more than three seconds.")),
}
# Of the API the same is said of it, not of pages.
OF_THE_API: dict[str, Told] = {
    "no_answer": Told(_("The API does not answer"), _("The API did not answer"), _("Reports and deliveries go on by themselves.")),
    "errors": Told(_("The API answers with errors"), _("The API answered with errors"), _("Reports and deliveries go on by themselves.")),
    "answers_slowly": Told(_("The API is slow"), _("The API was slow"), _("Answers take more than three seconds.")),
}
# Of a cause that a newer release knows.
OTHER = Told(_("Something is wrong"), _("Something was wrong"), _("We are looking into it."))


def told(part: str, cause: str) -> Told:
    return (OF_THE_API.get(cause) if part == "api" else None) or CAUSES.get(cause, OTHER)
