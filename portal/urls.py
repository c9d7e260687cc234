"""Every address of the portal. Outside names are fixed in docs/architecture.md."""

from __future__ import annotations

from allauth.account.views import login, logout
from django.urls import URLPattern, URLResolver, include, path

from portal import health
from portal.views import (
    brand,
    download,
    errors,
    home,
    invitation,
    job_correct,
    job_links,
    jobs,
    link,
    links,
    links_revoke,
    recipient,
    recipient_groups,
    recipients,
    recipients_upload,
    reports,
    schedule_mail,
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
    path("jobs/<uuid:job>/links/", job_links.new_link, name="job_links"),
    path("jobs/<uuid:job>/correct/", job_correct.correct, name="job_correct"),
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
    path("links/revoke/", links_revoke.revoke, name="links_revoke"),
    path("links/<uuid:link>/", link.link, name="link"),
    path("links/<uuid:link>/revoke/", link.revoke, name="link_revoke"),
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
    path("brand/<str:code>.css", brand.brand, name="brand"),
    path("u/<str:code>/<str:token>", unsubscribe.unsubscribe, name="unsubscribe"),
]
