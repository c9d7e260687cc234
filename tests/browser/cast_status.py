"""How the service was in sixty days, as the mock-up of its page has it. How it is now, the stack's own worker finds out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reports.models import ServiceDay, ServiceNote, ServicePart, ServiceSpell
from tenants.models import User
from tenants.scope import engine_scope, staff_scope

MINUTES = 1440
# Minutes that were slow, and that were down, by part and days ago.
SLOW = {("making", 21): 50, ("api", 21): 35}
DOWN = {("mail", 8): 112, ("site", 15): 5}


def make_status(staff: User, now: datetime) -> None:
    today = now.astimezone(UTC).date()
    with engine_scope():
        ServiceDay.objects.bulk_create(_day(part, ago, now) for part in ServicePart.Part.values for ago in range(1, 60))
        began = datetime.combine(today - timedelta(days=8), datetime.min.time(), UTC) + timedelta(hours=7, minutes=2)
        ServiceSpell.objects.create(
            part="mail", state="down", cause="mail_refused", began_at=began, ended_at=began + timedelta(minutes=112)
        )
        waited = began - timedelta(days=13)
        ServiceSpell.objects.create(part="making", state="slow", cause="waits", began_at=waited, ended_at=waited + timedelta(minutes=50))
    with staff_scope(staff):
        night = began - timedelta(days=7, hours=5)
        told = {"text": "5 minutes without the site; reports went on.", "by": staff.email}
        ServiceNote.objects.create(kind="work", title="Planned work", begins_at=night, ends_at=night + timedelta(minutes=5), **told)


def _day(part: str, ago: int, now: datetime) -> ServiceDay:
    slow, down = SLOW.get((part, ago), 0), DOWN.get((part, ago), 0)
    day = now.astimezone(UTC).date() - timedelta(days=ago)
    return ServiceDay(part=part, day=day, looked=MINUTES, good=MINUTES - slow - down, down=down)
