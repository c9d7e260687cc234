"""`POST /_control/<verb>` with a JSON object: how tests and demos steer the pretend AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Request, Response

from portal.local.aws.catalogue import sample_account
from portal.local.aws.delivery import place
from portal.local.aws.faults import Fault, JobFault
from portal.local.aws.gate import Environ, StartResponse
from portal.local.aws.jobs import Job
from portal.local.aws.mail_events import EVENTS, event, publish
from portal.local.aws.rows import TagRule, TagRules
from portal.local.aws.store import ObjectStore
from portal.local.aws.switches import RESULT_VARIANTS
from portal.local.aws.world import World

PREFIX = "/_control/"
JOB_FAULTS = ("failed", "stuck", *RESULT_VARIANTS)
CALL_FAULTS = ("error", "drop", "accept_then_drop", "hang")


class Control:
    """Verbs are the public methods; a wrong name or value answers 400 with a sentence."""

    def __init__(self, world: World, store: ObjectStore, set_up_events: Callable[[], None]) -> None:
        self._world, self._store, self._set_up_events = world, store, set_up_events
        self._at_start = replace(world.switches)
        verbs = (self.reset, self.set, self.fault, self.job_fault, self.clear_faults, self.outage, self.finish)
        verbs += (self.fail, self.hold, self.rules, self.republish, self.create_bucket, self.advance_clock, self.stats, self.jobs)  # type: ignore[assignment]
        verbs += (self.mails, self.mail_event)  # type: ignore[assignment]
        self._verbs: dict[str, Callable[..., Any]] = {verb.__name__: verb for verb in verbs}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        verb = self._verbs.get(request.path.removeprefix(PREFIX))
        if verb is None or request.method != "POST":
            return _answer(404, {"error": f"POST {PREFIX} with one of {', '.join(self._verbs)}."})(environ, start_response)
        try:
            result = verb(**json.loads(request.get_data() or b"{}"))
        except (LookupError, TypeError, ValueError) as error:
            return _answer(400, {"error": str(error)})(environ, start_response)
        return _answer(200, result if result is not None else {})(environ, start_response)

    def reset(self) -> None:
        """No jobs, no objects, no faults; clock, switches, who hears of objects, tag rules and dashboards as at the start."""
        world = self._world
        world.jobs.clear()
        world.events.clear()
        world.faults.clear()
        world.throttle.clear()
        world.outbox.clear()
        world.clock.reset()
        world.switches.change(**{name: value for name, value in vars(self._at_start).items()})
        world.switches.dashboard_seconds = dict(self._at_start.dashboard_seconds)
        fresh = sample_account()
        world.catalogue.datasets.update(fresh.datasets)
        world.catalogue.dashboards.update(fresh.dashboards)
        self._store.clear()
        self._set_up_events()

    def set(self, **switches: Any) -> dict[str, Any]:
        self._world.switches.change(**switches)
        return vars(self._world.switches)

    def fault(self, **fields: Any) -> None:
        fault = Fault(**fields)
        _one_of("kind", fault.kind, CALL_FAULTS)
        self._world.faults.calls.append(fault)

    def job_fault(self, **fields: Any) -> None:
        fault = JobFault(**fields)
        _one_of("kind", fault.kind, JOB_FAULTS)
        self._world.faults.jobs.append(fault)

    def clear_faults(self) -> None:
        self._world.faults.clear()

    def outage(self, on: bool, status: int = 503) -> None:
        self._world.faults.outage_status = status if on else None

    def finish(self, job: str) -> None:
        self._world.jobs.finish(self._world.jobs.find(job))

    def fail(self, job: str, error_type: str = "INTERNAL_FAILURE", message: str = "The snapshot failed.") -> None:
        self._world.jobs.fail(self._world.jobs.find(job), error_type, message)

    def hold(self, job: str) -> None:
        self._world.jobs.hold(self._world.jobs.find(job))

    def rules(self, dataset: str, status: str | None = None, rules: dict[str, Any] | None = None) -> None:
        """`status` ENABLED, DISABLED or NONE; or a whole new `{"rules": [...], "groups": [...]}`."""
        current = self._world.catalogue.datasets[dataset].rules
        if rules is not None:
            current = _parsed(rules)
        if status:
            _one_of("status", status, ("ENABLED", "DISABLED", "NONE"))
            original = current or sample_account().datasets[dataset].rules
            current = replace(original, enabled=status == "ENABLED") if original and status != "NONE" else None
        self._world.catalogue.set_rules(dataset, current)

    def republish(self, dashboard: str, dataset: str | None = None, without: str | None = None) -> None:
        """The next version, now; perhaps with one data set more, perhaps without a sheet or visual."""
        catalogue = self._world.catalogue
        old = catalogue.dashboards[dashboard]
        new = replace(old, version=old.version + 1, published=self._world.clock.now())
        if dataset:
            new = replace(new, more_datasets=(*old.more_datasets, catalogue.datasets[dataset].id))
        catalogue.dashboards[dashboard] = new.without(without) if without else new

    def create_bucket(self, name: str, region: str = "us-east-1") -> None:
        self._store.create_bucket(name, region)

    def advance_clock(self, seconds: float) -> None:
        """For jobs, links and assumed roles; the dates of signed calls are still compared with the real clock."""
        self._world.clock.advance(seconds)

    def stats(self) -> dict[str, Any]:
        self._world.jobs.all()  # ends what is due
        return vars(self._world.jobs.counts) | {"throttled": self._world.throttle.refused}

    def jobs(self) -> list[dict[str, Any]]:
        return [self._told(job) for job in self._world.jobs.all()]

    def mails(self) -> list[dict[str, Any]]:
        return [vars(mail) for mail in self._world.outbox.mails()]

    def mail_event(self, message_id: str, kind: str, recipient: str = "", queue: str = "") -> None:
        _one_of("kind", kind, tuple(EVENTS))
        mail = self._world.outbox.find(message_id)
        recipients = [recipient] if recipient else mail.recipients
        publish(event(mail, kind, recipients, self._world), mail.region, queue or self._world.switches.mail_event_queue, self._world)

    def _told(self, job: Job) -> dict[str, Any]:
        configuration = job.request["SnapshotConfiguration"]
        return {
            "id": job.id,
            "prefix": place(job.request)[1],
            "dashboard": job.dashboard_id,
            "status": job.status(self._world.jobs.now()),
            "tags": job.tags,
            "parameters": configuration.get("Parameters", {}),
            "formats": [group["Files"][0]["FormatType"] for group in configuration["FileGroups"]],
            "created": job.created,
            "ended": job.ended_at,
        }


def _parsed(rules: dict[str, Any]) -> TagRules:
    groups = tuple(tuple(group) for group in rules.get("groups", ()))
    return TagRules(tuple(TagRule(**rule) for rule in rules["rules"]), groups)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")


def _answer(status: int, body: Any) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
