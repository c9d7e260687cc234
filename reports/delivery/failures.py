"""Why a message did not arrive, for people who know nothing of mail servers. The other side's own words, `answer`, are shown beneath."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.models.sending import Outgoing

Text = str | Promise


@dataclass(frozen=True)
class Cause:
    """`message` is a whole sentence; `advice` what the company can do, or empty."""

    message: Text
    advice: Text = ""


BY_ITSELF = _("It is tried again by itself.")
CHECK_ADDRESS = _("Check the address with the person, then correct it under Recipients.")
ASK_THEM = _("Ask the person to have their mail administrator accept our sender, then send it again.")
CHECK_ROLE = _("Check the role, and that its trust policy names our account and the external ID; then test the destination.")
CHECK_BUCKET = _("Check the bucket, its owner and the role’s permissions; then test the destination.")
OURS = _("You need not do anything: we were told, and it is sent as soon as this is put right.")
CHECK_SERVER = _("Check the name, then correct it under Destinations.")
ASK_OPERATOR = _("Ask the server's operator. It is tried again by itself.")
CAUSES: dict[str, Cause] = {
    # The way there.
    "unreachable": Cause(_("The mail server could not be reached."), BY_ITSELF),
    "no_answer": Cause(_("The mail server did not answer in time."), BY_ITSELF),
    "dropped": Cause(_("The connection broke before the email was handed over."), BY_ITSELF),
    "fate_unknown": Cause(_("The connection broke while the email was handed over, so it is not known whether it arrived."), BY_ITSELF),
    "asked_to_wait": Cause(_("Their mail server asked to wait."), BY_ITSELF),
    "file_unreadable": Cause(_("A file to attach could not be read from the file store."), BY_ITSELF),
    # To S3 buckets and chats.
    "role_refused": Cause(_("AWS does not let us take on the role."), CHECK_ROLE),
    "role_open": Cause(_("The role lets us in without the external ID, so anybody could have us write there."), CHECK_ROLE),
    "bucket_refused": Cause(_("The bucket does not let us write, or it belongs to another account than you named."), CHECK_BUCKET),
    "no_such_bucket": Cause(_("There is no such bucket."), CHECK_BUCKET),
    "aws_refused": Cause(_("AWS does not let the portal itself in just now."), OURS),
    "asked_to_wait_there": Cause(_("The other side asked to wait."), BY_ITSELF),
    "fate_unknown_there": Cause(_("The connection broke while it was handed over, so it is not known whether it arrived."), BY_ITSELF),
    "server_failed": Cause(_("The other side has a fault of its own."), BY_ITSELF),
    "not_taken_there": Cause(_("The other side does not take it."), _("Its own words say why. Put it right, then send it again.")),
    "chat_gone": Cause(_("The channel’s webhook does not exist any more."), _("Make a new one, and change the destination’s address.")),
    "chat_forbidden": Cause(_("The channel does not let us write."), _("Ask who manages it, or make a new webhook there.")),
    # The other side's verdict.
    "mailbox_full": Cause(_("Their mailbox is full."), _("Ask the person to make room, then send it again.")),
    "no_such_address": Cause(_("There is no such address."), CHECK_ADDRESS),
    "no_such_domain": Cause(_("The part of the address after the @ does not exist or takes no email."), CHECK_ADDRESS),
    "mailbox_off": Cause(_("The mailbox was switched off."), CHECK_ADDRESS),
    "too_large": Cause(_("The email is larger than their mail server accepts."), _("Send links instead of attachments.")),
    "not_accepted": Cause(_("Their mail server does not accept our email."), ASK_THEM),
    "returned": Cause(_("The email was accepted at first and came back later."), CHECK_ADDRESS),
    "held_up": Cause(_("Their mail server took it, and said later that it could not hand it over just then.")),
    # A destination's.
    "server_unreachable": Cause(_("The server could not be reached."), BY_ITSELF),
    "server_silent": Cause(_("The server did not answer in time."), BY_ITSELF),
    "server_dropped": Cause(_("The connection to the server broke."), BY_ITSELF),
    "no_such_host": Cause(_("The name of the server is not found."), CHECK_SERVER),
    "address_refused": Cause(_("The name of the server leads to an address that is not public."), CHECK_SERVER),
    "no_common_method": Cause(_("The server offers no way to talk to it that is safe today."), ASK_OPERATOR),
    "host_key_missing": Cause(_("The server's host key is not pinned yet."), _("Compare the key with its operator, then pin it.")),
    "host_key_changed": Cause(
        _("The server shows another host key than the pinned one, so nothing was sent: it may not be the same server."),
        _("Ask its operator for the new key. Pin it if they confirm it."),
    ),
    "sign_in_refused": Cause(_("The server did not let us in."), _("Ask its operator whether our user, key or password has changed.")),
    "not_permitted": Cause(_("We may not write there."), ASK_OPERATOR),
    "folder_missing": Cause(_("The folder is not there, and we could not make it."), ASK_OPERATOR),
    "destination_full": Cause(_("There is no room left."), ASK_OPERATOR),
    "refused_by_server": Cause(_("The server did not take the file."), ASK_OPERATOR),
    "cut_short": Cause(_("The file did not arrive whole, and was not given its name."), BY_ITSELF),
    "name_taken": Cause(_("There are too many files of this name already."), _("Choose a pattern of names that tells files apart.")),
    "credentials_unreadable": Cause(_("What signs us in there could not be read."), OURS),
    "destination_stopped": Cause(
        _("Nothing was sent there for three days."), _("Test the destination until it works, then send the files again.")
    ),
    "destination_removed": Cause(_("The destination was deleted before the files were sent.")),
    # Not sent on purpose.
    "unsubscribed": Cause(_("The person stopped these emails."), _("Only they can start them again, with the link in an earlier email.")),
    "bounced": Cause(_("An earlier email to this address came back."), CHECK_ADDRESS),
    "complained": Cause(_("The person marked an earlier email as spam."), _("Nothing more is sent to this address.")),
    "recipient_removed": Cause(_("The person was removed before the email was sent.")),
    "schedule_retired": Cause(_("The schedule was deleted before the email was sent.")),
    "report_withdrawn": Cause(_("The report is no longer offered to your company.")),
    "link_revoked": Cause(_("The link in this email was revoked before it was sent.")),
    "recalled": Cause(_("The report was withdrawn before it was sent.")),
    "files_gone": Cause(_("The files were no longer kept when it was this email's turn."), _("Run the report again.")),
    "erased": Cause(_("The person was erased before the email was sent.")),
    "not_needed": Cause(_("There was nothing to say any more when it was this email's turn.")),
    "domain_not_allowed": Cause(_("Your company sends no reports to this domain."), _("Add the domain under Recipients, if it should.")),
    "empty": Cause(_("The report was empty, and the schedule sends nothing then.")),
    "rejected": Cause(_("Somebody looked at the files, and decided that they are not sent.")),
    "not_released": Cause(_("The files were held, and nobody released them in time.")),
    # The database was put back to an earlier time.
    "before_restore": Cause(_("It was sent before the portal's database was restored from a backup.")),
    "maybe_before_restore": Cause(
        _("The portal's database was restored from a backup, and it is not known whether this email was sent before."),
        _("Ask the person, and send it again if it did not come."),
    ),
    # Ours.
    "job_failed": Cause(_("The report could not be made.")),
    "login_refused": Cause(_("Our own mail server did not let us in."), OURS),
    "sender_refused": Cause(_("Our mail server does not accept our own address."), OURS),
    "no_encryption": Cause(_("No safe connection to our mail server could be made."), OURS),
    "sending_stopped": Cause(_("Our mail service stopped sending for us."), OURS),
    "internal": Cause(_("Something went wrong in the portal."), _("Please contact us.")),
}
UNKNOWN = Cause(_("It could not be sent."))
SENT_AGAIN = _("Sent again because it is not known whether the first one arrived.")


def cause_of(code: str) -> Cause:
    """A cause that this release does not know was written by a newer one: said without detail rather than not at all."""
    return CAUSES.get(code, UNKNOWN)


def words(outgoing: Outgoing) -> Text:
    """One sentence for a row of a list: why it failed or waits; empty where all is well."""
    return cause_of(outgoing.failure_code).message if outgoing.failure_code else ""


def remark(outgoing: Outgoing) -> Text:
    """What its history has to say beside its status; empty as a rule."""
    return SENT_AGAIN if outgoing.maybe_twice else ""
