"""What may still be asked of an account that is silent or refuses us, and how the pause ends: with the first answer to a probe.

Silent: nothing new starts but a probe now and then, because those under way may all be a broken report's; they go on asking.
Refusing: nothing is asked but a probe. People have to act first, and a thousand calls would be a thousand refusals.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db.models.functions import Now

from reports.alerts import alert, settle
from reports.engine import cadence, claim, holding, leasing, probing
from reports.engine.clock import DatabaseClock
from reports.engine.crew import Report
from reports.engine.leasing import Lease
from reports.engine.silence import Silence
from reports.models import Account
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)
# After a pause of a moment the back-offs are short anyway; ending them would let a job that never gets an answer ask without pause.
SHORT = timedelta(seconds=5)
# A pause by people, or of a report, holds so soon.
HOLD_SECONDS = 1.0


class Pause:
    """One pump's view of it. The account's row keeps it between pumps, and for the pages."""

    def __init__(self, account: Account, clock: DatabaseClock) -> None:
        self._account, self._clock = account, clock
        self.silence = Silence(account.unanswered_since is not None, account.refused_code)
        self._since = account.refused_since or account.unanswered_since
        self._probes: list[Lease] = []
        # By people: nothing starts, what runs goes on.
        self._held, self._hold_at = False, time.monotonic()

    @property
    def failure_code(self) -> str:
        """Of a job whose deadline passes now."""
        if self.silence.refused:
            return "account_paused"
        return "service_unavailable" if self.silence.silent else "deadline_passed"

    def take(self, room: int, *, alone: bool, fills: bool = True) -> list[Lease]:
        """Claim for free slots if `fills`, and lease up to `room` jobs that are due. In the engine's scope."""
        if time.monotonic() >= self._hold_at:
            self._hold_at = time.monotonic() + HOLD_SECONDS
            self._held = holding.hold(self._account.pk)
        if self.silence.refused:
            return self._probe() if room else []
        if not self.silence.silent:
            if fills:
                self._fill()
        elif self._may_probe():
            self._probed()
            self._claim(most=1)
        return leasing.take_due(self._account.pk, room, alone=alone) if room else []

    def late(self) -> list[Lease]:
        """Jobs under way that nobody asks about, past their deadline. In the engine's scope."""
        return leasing.stuck(self._account.pk, grace=0) if self.silence.refused else []

    def hear(self, report: Report) -> None:
        if self.silence.refused and report.answered and report.lease not in self._probes:
            # Of a call from before the refusal: it does not say that anybody is let in now.
            return
        heard = report.answered is not None or report.refused
        if heard and self.silence.hear(report.lease.job_id, bool(report.answered), report.refused):
            self._changed()

    def _probe(self) -> list[Lease]:
        """A job that is under way already, or else one from the queue."""
        if not self._may_probe():
            return []
        leases = leasing.take_due(self._account.pk, 1)
        if not leases and self._claim(most=1):
            leases = leasing.take_due(self._account.pk, 1)
        if leases:
            self._probed()
        self._probes += leases
        return leases

    def _fill(self) -> None:
        if not self._held:
            probing.fill(self._account)

    def _claim(self, most: int | None = None) -> int:
        return 0 if self._held else claim.claim(self._account.pk, most)

    def _may_probe(self) -> bool:
        """As the row says: whoever has put things right may set it back."""
        return not Account.objects.filter(pk=self._account.pk, probe_at__gt=Now()).exists()

    def _probed(self) -> None:
        now = self._clock()
        wait = cadence.next_probe(now - (self._since or now), refused=bool(self.silence.refused))
        Account.objects.filter(pk=self._account.pk).update(probe_at=now + wait)

    def _changed(self) -> None:
        now, silence, before = self._clock(), self.silence, self._since
        self._since = now if silence.paused else None
        self._probes = []
        with engine_scope():
            Account.objects.filter(pk=self._account.pk).update(
                unanswered_since=self._since if silence.silent else None,
                refused_since=self._since if silence.refused else None,
                refused_code=silence.refused[:64],
                probe_at=now + cadence.PROBE if silence.paused else None,
            )
            if not silence.paused and before and now - before > SHORT:
                leasing.wake_unanswered(self._account.pk)
        self._tell()

    def _tell(self) -> None:
        name = self._account.name
        if self.silence.refused:
            alert(
                "account_refused",
                f"Account {name} is paused: AWS refuses the portal there ({self.silence.refused}). Put its credentials, its role, or the "
                "account's edition and pricing plan right. No job is lost before its deadline, and the engine goes on by itself.",
                name,
            )
        else:
            settle("account_refused", name)
            logger.warning("account %s: QuickSight %s", name, "does not answer" if self.silence.silent else "answers again")
