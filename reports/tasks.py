"""Entry points of django-q2: load, one call. And what keeps its clusters honest."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import Schedule, Task
from django_q.signals import post_execute_in_worker
from django_q.tasks import async_task

from reports import figures, forgetting, legal_hold, purging, rechecking, recounting, standing
from reports.alarms import sign_of_life, telling
from reports.aws.clients import quicksight_client
from reports.aws.quicksight import QuickSight
from reports.calls import counting
from reports.catalogue import facts_of
from reports.delivery import account as account_mail
from reports.delivery import carrier, courier, ses_events
from reports.engine import capacity, limiter, load, process, pump, recount
from reports.engine.clock import DatabaseClock
from reports.engine.only_one import end_holder
from reports.engine.process import doing
from reports.erasing import objects
from reports.gate import reviewer
from reports.importing import working
from reports.models import Account, Heartbeat, Process, Pump, Report
from reports.nudges import digests, reminding
from reports.occurrences import expanding, retiming
from reports.restoring import gate
from reports.restoring import mark as restore_mark
from reports.schedule_templates import applying
from reports.task_versions import NOT_KNOWN, takes
from reports.uptime import keeping
from reports.webhooks import sender
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)
# django-q2's name of the default queue is the project's; the engine works it, `work` is for what may wait on a slow peer.
ENGINE, WORK = pump.ENGINE, "work"
CLUSTERS = (ENGINE, WORK)
# Of a host. More accounts take turns: one core carries about thirty at ten requests a second.
MOST_PUMPS = 30
STALLED_AFTER = timedelta(seconds=120)
DEAD_KEPT = timedelta(days=1)
FAILURES_KEPT = timedelta(days=30)
INSTALL_LOCK = 7203
# The name of a Schedule row that brings a task again which was not known here, and for which time.
PUT_BACK = "put back "
PUT_BACK_AFTER = timedelta(minutes=1)
MOST_TIMES_BACK = 10
# Of one task: its time-out is 75, and others wait for its worker.
LONGEST_WORK_SECONDS = 40.0
# What stands by in the `work` queue: its lock's number, and what makes one turn. Numbers are never used again for another.
STANDS: dict[str, tuple[int, Callable[[], Callable[[], bool]]]] = {
    "expander": (1, lambda: gate.while_open(expanding.expander(0))),
    "expander-2": (3, lambda: gate.while_open(expanding.expander(1))),
    "courier": (2, lambda: gate.while_open(courier.courier())),
    # Their work is done by threads and processes of their own, so they share a place.
    "carrier": (6, lambda: gate.while_open(standing.together(carrier.carrier(), sender.sender(), reviewer.reviewer()))),
    # Tell of restored mode too, and so are not held by it.
    "alarms": (4, lambda: standing.together(telling.teller(), figures.writer(CLUSTERS, list(STANDS)))),
}
SEND_ONCE_SECONDS = 5
# Code-owned rows, never a tenant's: one row that does not parse would stop all others.
RECURRING = {
    "watch-engine": ("reports.tasks.watch_engine", ENGINE, 1),
    "watch-work": ("reports.tasks.watch_work", WORK, 1),
    "mark": ("reports.tasks.mark", WORK, 1),
    "note-status": ("reports.tasks.note_status", WORK, 1),
    "sample-capacity": ("reports.tasks.sample_capacity", WORK, 1),
    "recheck-reports": ("reports.tasks.recheck_reports", WORK, 10),
    "plan-load": ("reports.tasks.plan_load", WORK, 30),
    "recount-usage": ("reports.tasks.recount_usage", WORK, 15),
    "mail-events": ("reports.tasks.read_mail_events", WORK, 1),
    "purge": ("reports.tasks.purge", WORK, 15),
    "move-held": ("reports.tasks.move_held", WORK, 5),
    "remove-erased": ("reports.tasks.remove_erased", WORK, 5),
    "apply-templates": ("reports.tasks.apply_templates", WORK, 1),
    "tidy": ("reports.tasks.tidy", WORK, 60),
    "remind": ("reports.tasks.remind", WORK, 15),
    "digests": ("reports.tasks.make_digests", WORK, 15),
    "forget-old": ("reports.tasks.forget_old", WORK, 60),
    "recount-queues": ("reports.tasks.recount_queues", WORK, 24 * 60),
}


@doing("watch")
def watch_engine() -> None:
    """Each minute: a pump whose message was lost is sent for again."""
    beat(ENGINE)
    if gate.is_open():
        pump.watch()


@doing("watch")
def watch_work() -> None:
    """Each minute: what staff asked for and nobody began is sent for again, and what a worker of another release took from the plan. And
    whoever would miss us hears that both queues beat."""
    beat(WORK)
    plan_missing()
    for import_id, turn in working.overdue(timezone.now()):
        send_import(import_id, turn)
    sign_of_life.give(CLUSTERS)


def replace_dead() -> None:
    """Every few seconds: send for what should stand by and does not."""
    if gate.is_open():
        pump.replace_dead()
    dead = standing.dead(list(STANDS))
    for name in dead:
        send_stand(name)
    # One that is frozen, with its host perhaps, keeps its lock.
    for name in dead:
        end_holder(standing.LOCK_CLASS, STANDS[name][0])


def send_stand(name: str) -> None:
    sent = f"work:sent:{name}"
    if cache.add(sent, 1, timeout=SEND_ONCE_SECONDS) and not pump.is_full(WORK):
        try:
            async_task("reports.tasks.stand", name, cluster=WORK)
        except Exception:
            # It was not sent after all: the next look may try.
            cache.delete(sent)
            raise


def stand(name: str) -> str:
    if name not in STANDS:
        return NOT_KNOWN
    number, make = STANDS[name]
    ended = standing.stand(name, number, make())
    if ended == "window":
        async_task("reports.tasks.stand", name, cluster=WORK)
    return ended


def send_import(import_id: uuid.UUID, turn: int) -> None:
    """Call after the commit, outside any scope."""
    async_task("reports.tasks.work_on_import", str(import_id), turn, cluster=WORK)


@takes(1)
@doing("import")
def work_on_import(import_id: str, turn: int) -> None:
    clock = DatabaseClock()
    with engine_scope():
        clock.synchronise()
    working.work(uuid.UUID(import_id), turn, clock())


def send_account_mail(kind: str, user_id: int) -> None:
    """Call after the commit, outside any scope."""
    async_task("reports.tasks.write_account_mail", kind, user_id, cluster=WORK)


@takes(1)
@doing("account mail")
def write_account_mail(kind: str, user_id: int) -> None:
    account_mail.send(kind, user_id, timezone.now())


@doing("sample")
def sample_capacity() -> None:
    """Each minute."""
    with engine_scope():
        capacity.sample()


@doing("status")
def note_status() -> None:
    """Each minute, in restored mode too: how each part of the service is, for everybody to see."""
    keeping.note_minute(timezone.now())


@doing("recheck")
def recheck_reports() -> None:
    """A task for each account, one after the other: all at once, those that do not answer would keep the stands waiting for a worker."""
    with engine_scope():
        account_ids = list(Report.objects.in_catalogue().values_list("account_id", flat=True).distinct())
    # One whose task is killed each time ends the row of them, and must not do so to the same ones again.
    random.shuffle(account_ids)
    _send_recheck(account_ids)


def _send_recheck(account_ids: Sequence[int]) -> None:
    if account_ids:
        async_task("reports.tasks.recheck_account", *account_ids, cluster=WORK)


@takes(1)
@doing("recheck")
def recheck_account(account_id: int, *others: int) -> None:
    """Then the others have their turn, whatever this one came to."""
    try:
        _recheck(account_id)
    finally:
        _send_recheck(others)


def _recheck(account_id: int) -> None:
    clock = DatabaseClock()
    with engine_scope():
        clock.synchronise()
        facts = facts_of(account := Account.objects.get(pk=account_id))
    # Made before the first turn of the budget is taken: it takes longer than two calls are apart.
    quicksight_client(facts)
    quicksight = QuickSight(facts, gate=lambda: limiter.wait_for_turn(account_id), heard=counting(account_id))
    rechecking.recheck(account, quicksight, clock)


@doing("plan load")
def plan_load() -> None:
    """What pages warn with when somebody promises a time."""
    with engine_scope():
        load.write(timezone.now())


@doing("recount")
def recount_queues() -> None:
    """Daily. They are never wrong unless somebody changed jobs by hand; claims look after what is too high meanwhile."""
    if wrong := recount.recount():
        logger.warning("queues that were counted wrong: %s", wrong)


@doing("recount usage")
def recount_usage() -> None:
    """Each quarter of an hour: what tenants used. In restored mode it waits: what the rows tell is not the whole truth yet."""
    if gate.is_open():
        recounting.recount_all(timezone.now())


def mark() -> None:
    """Each minute: what tells this database from an older one of itself."""
    restore_mark.make()


@doing("mail events")
def read_mail_events() -> None:
    """Each minute: what SES says of mails that left. In restored mode it waits in its queue: the mails are not known again yet."""
    if gate.is_open():
        ses_events.read_queue(timezone.now())


@doing("purge")
def purge() -> None:
    """Each quarter of an hour: what is past its days goes. In restored mode nothing does: it is not known yet whose files are whose."""
    if gate.is_open() and _within(lambda may_go_on: purging.purge(timezone.now(), may_go_on)):
        send_purge()


@doing("move held")
def move_held() -> None:
    """Each five minutes, and when a hold begins: held files move out of the lifecycle's reach."""
    if gate.is_open() and _within(lambda may_go_on: legal_hold.move_held(timezone.now(), may_go_on)):
        send_move_held()


@doing("erase")
def remove_erased() -> None:
    """Each five minutes, and after an erasure: the files that were made for that person alone."""
    if gate.is_open() and _within(lambda may_go_on: objects.remove_all(timezone.now(), may_go_on)):
        send_remove_erased()


def send_purge() -> None:
    """Call after the commit, outside any scope."""
    async_task("reports.tasks.purge", cluster=WORK)


def send_move_held() -> None:
    """Call after the commit, outside any scope."""
    async_task("reports.tasks.move_held", cluster=WORK)


def send_remove_erased() -> None:
    """Call after the commit, outside any scope."""
    async_task("reports.tasks.remove_erased", cluster=WORK)


@doing("templates")
def apply_templates() -> None:
    """Each minute, and when staff changed one: what is due of templates over tenants."""
    if gate.is_open() and _within(lambda may_go_on: applying.apply_due(timezone.now(), may_go_on)):
        send_apply_templates()


def send_apply_templates() -> None:
    """Call after the commit, outside any scope."""
    async_task("reports.tasks.apply_templates", cluster=WORK)


def _within(work: Callable[[Callable[[], bool]], object]) -> bool:
    """Whether the time was over before the work was: then it is sent for again, behind what others wait for."""
    until = time.monotonic() + LONGEST_WORK_SECONDS
    work(lambda: time.monotonic() < until and not process.stopping())
    return time.monotonic() >= until


@doing("tidy")
def tidy() -> None:
    """Sessions that ended are of no use to anybody and name people; records of failed tasks and dead processes are for those who look soon.

    And clocks of countries change, which a new release of the time zone data tells.
    """
    call_command("clearsessions")
    working.forget_abandoned(timezone.now())
    if gate.is_open():
        retiming.retime(timezone.now())
    with engine_scope():
        Process.objects.filter(seen_at__lt=Now() - DEAD_KEPT).delete()
        capacity.forget_old()
        keeping.forget_old(timezone.now())
    Task.objects.filter(success=False, stopped__lt=Now() - FAILURES_KEPT).delete()


@doing("remind")
def remind() -> None:
    """Each quarter of an hour: who has downloaded nothing of what was sent some days ago. In restored mode it waits."""
    if gate.is_open():
        _within(lambda may_go_on: reminding.remind_all(timezone.now(), may_go_on))


@doing("digests")
def make_digests() -> None:
    """Each quarter of an hour: the owners' week, where it is Monday morning. In restored mode it waits."""
    if gate.is_open():
        _within(lambda may_go_on: digests.make_all(timezone.now(), may_go_on))


@doing("forget")
def forget_old() -> None:
    """Hourly: events and stored answers that are past their time. In restored mode it waits."""
    if gate.is_open():
        forgetting.forget_old(timezone.now())


def beat(cluster: str) -> None:
    with engine_scope():
        Heartbeat.objects.update_or_create(cluster=cluster, defaults={"beat_at": Now()})


def install_recurring() -> None:
    """Make the Schedule rows what RECURRING says."""
    with _planning():
        _install()


@contextmanager
def _planning() -> Iterator[None]:
    """One worker at a time: names are not unique there, and two would each make a row."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, 0)", [INSTALL_LOCK])
        yield


def _install() -> None:
    for name in RECURRING:
        Schedule.objects.update_or_create(name=name, defaults=_row(name))
    # What came due while no worker ran is due now, and not late.
    Schedule.objects.filter(next_run__lt=Now()).update(next_run=Now())
    Schedule.objects.exclude(name__in=RECURRING).exclude(name__startswith=PUT_BACK).delete()


def plan_missing() -> None:
    """A worker of another release that starts beside this one leaves only what it knows. What it changed, or added, is left to it."""
    if missing := set(RECURRING) - set(Schedule.objects.values_list("name", flat=True)):
        with _planning():
            for name in missing:
                Schedule.objects.get_or_create(name=name, defaults=_row(name))


def _row(name: str) -> dict[str, object]:
    function, cluster, minutes = RECURRING[name]
    return {"func": function, "cluster": None if cluster == ENGINE else cluster, "schedule_type": Schedule.MINUTES, "minutes": minutes}


def _put_back_unknown(func: Callable[..., object] | None, task: dict[str, Any], **kwargs: Any) -> None:
    """A worker of the release that sent it may take it next time. Only so often: what it is about is in our tables and sent for again."""
    if func is not None and task["result"] != NOT_KNOWN:
        return
    group = task.get("group") or ""
    times = 1 + (int(group.removeprefix(PUT_BACK)) if group.startswith(PUT_BACK) else 0)
    if times > MOST_TIMES_BACK:
        task["success"], task["result"] = False, f"{NOT_KNOWN}, and was put back {MOST_TIMES_BACK} times"
        return
    try:
        _bring_again(task, times)
    except (OperationalError, InterfaceError):
        logger.warning("task %s is not known to this release, and could not be put back", task["func"], exc_info=True)
    else:
        logger.warning("task %s is not known to this release: put back", task["func"])
        task["success"], task["result"] = True, NOT_KNOWN


def _bring_again(task: dict[str, Any], times: int) -> None:
    """By a row that django-q2's scheduler sends, whichever broker carries messages. One for each thing that is asked for."""
    cluster = None if task.get("cluster") == ENGINE else task.get("cluster")
    wanted = {"func": task["func"], "args": repr(tuple(task["args"])), "kwargs": repr(task["kwargs"]), "cluster": cluster}
    with _planning():
        if not Schedule.objects.filter(**wanted, name__startswith=PUT_BACK).exists():
            again_at = timezone.now() + PUT_BACK_AFTER
            Schedule.objects.create(**wanted, name=f"{PUT_BACK}{times}", schedule_type=Schedule.ONCE, next_run=again_at)


post_execute_in_worker.connect(_put_back_unknown, dispatch_uid="reports.tasks")


def first_messages(cluster: str) -> None:
    """After a start of its workers, so that nobody waits for the scheduler's first minute."""
    if cluster == WORK:
        async_task("reports.tasks.watch_work", cluster=WORK)
        async_task("reports.tasks.mark", cluster=WORK)
        async_task("reports.tasks.note_status", cluster=WORK)
        for name in STANDS:
            async_task("reports.tasks.stand", name, cluster=WORK)
    else:
        async_task("reports.tasks.watch_engine", cluster=ENGINE)
        pump.send_for_all()


def recurring_faults(now: datetime) -> dict[str, str]:
    """By the name of the task, what is wrong with its row; empty when all run by the clock."""
    rows = {row.name: row for row in Schedule.objects.filter(name__in=RECURRING)}
    faults = {}
    for name, (function, cluster, minutes) in RECURRING.items():
        row = rows.get(name)
        if row is None:
            faults[name] = "is not planned"
        elif (row.func, row.cluster or ENGINE, row.minutes) != (function, cluster, minutes):
            faults[name] = "is planned in another way than this release does it"
        elif row.next_run is None or row.next_run < now - STALLED_AFTER:
            faults[name] = "is overdue"
    return faults


def workers(cluster: str) -> int:
    """How many tasks of a queue a host works on at a time. Of pumps all accounts', so that it can take over all; and one more."""
    if cluster != ENGINE:
        return settings.WORK_WORKERS
    return settings.PORTAL_ENGINE_WORKERS or min(MOST_PUMPS, max(1, Pump.objects.count())) + 1


def waiting(cluster: str) -> int:
    """Messages that no worker has taken, whichever broker carries them."""
    return int(get_broker(cluster).queue_size())


def stalled(cluster: str) -> bool:
    """Messages wait, and nobody works: for the doctor. Whichever broker carries them."""
    beats = Heartbeat.objects.filter(cluster=cluster, beat_at__gt=Now() - STALLED_AFTER).exists()
    works = Process.objects.filter(cluster=cluster).working_within(STALLED_AFTER).exists()
    return waiting(cluster) > 0 and not beats and not works
