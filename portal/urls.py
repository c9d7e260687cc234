"""Every address of the portal. Outside names are fixed in docs/architecture.md."""

from __future__ import annotations

from allauth.account.views import login, logout
from django.urls import URLPattern, URLResolver, include, path

from portal import health
from portal.views import (
    download,
    errors,
    home,
    invitation,
    jobs,
    links,
    occurrences,
    recipient,
    recipient_groups,
    recipients,
    recipients_upload,
    reports,
    schedule_audiences,
    schedule_edit,
    schedule_mail,
    schedules,
    session,
    staff_catalogue,
    staff_imports,
    unsubscribe,
)

handler400 = errors.bad_request
handler500 = errors.server_error

company: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("reports/", reports.reports, name="reports"),
    path("reports/<slug:report>/run/", reports.run, name="report_run"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<uuid:job>/", jobs.job, name="job"),
    path("jobs/<uuid:job>/cancel/", jobs.cancel, name="job_cancel"),
    path("jobs/<uuid:job>/retry/", jobs.retry, name="job_retry"),
    path("jobs/<uuid:job>/files/<uuid:file>/", jobs.file, name="job_file"),
    path("jobs/<uuid:job>/links/", jobs.new_link, name="job_links"),
    path("schedules/", schedules.schedules, name="schedules"),
    path("schedules/new/", schedule_edit.new, name="schedule_new"),
    path("schedules/preview/", schedule_edit.preview, name="schedule_preview"),
    path("schedules/<uuid:schedule>/", schedules.schedule, name="schedule"),
    path("schedules/<uuid:schedule>/edit/", schedule_edit.edit, name="schedule_edit"),
    path("schedules/<uuid:schedule>/duplicate/", schedule_edit.duplicate, name="schedule_duplicate"),
    path("schedules/<uuid:schedule>/pause/", schedules.pause, name="schedule_pause"),
    path("schedules/<uuid:schedule>/resume/", schedules.resume, name="schedule_resume"),
    path("schedules/<uuid:schedule>/run/", schedules.run, name="schedule_run"),
    path("schedules/<uuid:schedule>/remove/", schedules.remove, name="schedule_remove"),
    path("schedules/<uuid:schedule>/audiences/", schedule_audiences.audiences, name="schedule_audiences"),
    path("schedules/<uuid:schedule>/audiences/new/", schedule_audiences.new, name="schedule_audience_new"),
    path("schedules/<uuid:schedule>/audiences/<uuid:audience>/", schedule_audiences.change, name="schedule_audience"),
    path("schedules/<uuid:schedule>/audiences/<uuid:audience>/remove/", schedule_audiences.remove, name="schedule_audience_remove"),
    path("schedules/<uuid:schedule>/runs/<uuid:occurrence>/", occurrences.occurrence, name="occurrence"),
    path("schedules/<uuid:schedule>/runs/<uuid:occurrence>/export/", occurrences.export, name="occurrence_export"),
    path("schedules/<uuid:schedule>/runs/<uuid:occurrence>/retry/", occurrences.retry, name="occurrence_retry"),
    path("schedules/<uuid:schedule>/runs/<uuid:occurrence>/<uuid:delivery>/try/", occurrences.try_now, name="delivery_try"),
    path("recipients/", recipients.recipients, name="recipients"),
    path("recipients/bounced/", recipients.stopped, {"kind": recipients.BOUNCED}, name="recipients_bounced"),
    path("recipients/stopped/", recipients.stopped, {"kind": recipients.STOPPED}, name="recipients_stopped"),
    path("recipients/stopped/<uuid:suppression>/send-again/", recipient.send_again, name="recipient_send_again"),
    path("recipients/export/", recipients.export, name="recipients_export"),
    path("recipients/upload/", recipients_upload.upload, name="recipients_upload"),
    path("recipients/new/", recipient.new, name="recipient_new"),
    path("recipients/<uuid:recipient>/", recipient.edit, name="recipient"),
    path("recipients/<uuid:recipient>/remove/", recipient.remove, name="recipient_remove"),
    path("recipients/groups/", recipient_groups.groups, name="recipient_groups"),
    path("recipients/groups/new/", recipient_groups.new, name="recipient_group_new"),
    path("recipients/groups/<uuid:group>/", recipient_groups.edit, name="recipient_group"),
    path("recipients/groups/<uuid:group>/people/", recipient_groups.people, name="recipient_group_people"),
    path("recipients/groups/<uuid:group>/remove/", recipient_groups.remove, name="recipient_group_remove"),
    path("schedules/<uuid:schedule>/mail/", schedule_mail.mail, name="schedule_mail"),
    path("schedules/<uuid:schedule>/mail/view/", schedule_mail.view, name="schedule_mail_view"),
    path("schedules/<uuid:schedule>/mail/test/", schedule_mail.test, name="schedule_mail_test"),
    path("links/", links.links, name="links"),
    path("links/<uuid:link>/revoke/", links.revoke, name="link_revoke"),
]

staff: list[URLPattern | URLResolver] = [
    path("", staff_catalogue.staff, name="staff"),
    path("catalogue/", staff_catalogue.catalogue, name="staff_catalogue"),
    path("catalogue/import/", staff_imports.begin, name="staff_imports"),
    path("catalogue/import/<uuid:draft>/", staff_imports.edit, name="staff_import"),
    path("catalogue/import/<uuid:draft>/read/", staff_imports.read, name="staff_import_read"),
    path("catalogue/import/<uuid:draft>/choose/", staff_imports.choose, name="staff_import_choose"),
    path("catalogue/import/<uuid:draft>/agree/", staff_imports.agree, name="staff_import_agree"),
    path("catalogue/import/<uuid:draft>/discard/", staff_imports.discard, name="staff_import_discard"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", session.root, name="root"),
    path("choose/", session.choose, name="choose"),
    path("theme/", session.theme, name="theme"),
    path("accounts/login/", login, name="account_login"),
    path("accounts/logout/", logout, name="account_logout"),
    path("", include(health.urlpatterns)),
    path("", include("reports.api.compat_urls")),
    path("t/<slug:slug>/", include(company)),
    path("staff/", include(staff)),
    path("invitations/<str:code>/<str:token>/", invitation.invitation, name="invitation"),
    path("d/<str:code>/<str:token>", download.download, name="download"),
    path("u/<str:code>/<str:token>", unsubscribe.unsubscribe, name="unsubscribe"),
]
