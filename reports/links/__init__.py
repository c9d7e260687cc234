"""Links: a governed page for one job's files, counted, recorded and revocable at once.

making.py makes them, opening.py hands out files, entitlement.py knows who may have a newer version, codes.py asks visitors for a passcode
or a mailed code, asking.py takes wishes for a new link, revoking.py takes links back. job_ends.py and remaking.py know what links have to
do with later jobs; they are imported by name, because the engine needs the one, and the other needs the engine.
"""

from reports.links.asking import ask_for_new_link, masked
from reports.links.codes import CODE_LIFE, UNLOCKED_FOR, Answer, ask_for_code, new_code, try_code
from reports.links.entitlement import entitled
from reports.links.making import NewLink, Terms, create, for_delivery, for_notice, url
from reports.links.opening import REPEAT_WITHIN, find, is_withdrawn, newest, offered, redeem, tenant_of, versions
from reports.links.revoking import LinkSet, of_address, of_job, of_schedule, of_selected, revoke, revoke_all

__all__ = [
    "CODE_LIFE",
    "REPEAT_WITHIN",
    "UNLOCKED_FOR",
    "Answer",
    "LinkSet",
    "NewLink",
    "Terms",
    "ask_for_code",
    "ask_for_new_link",
    "create",
    "entitled",
    "find",
    "for_delivery",
    "for_notice",
    "is_withdrawn",
    "masked",
    "new_code",
    "newest",
    "of_address",
    "of_job",
    "of_schedule",
    "of_selected",
    "offered",
    "redeem",
    "revoke",
    "revoke_all",
    "tenant_of",
    "try_code",
    "url",
    "versions",
]
