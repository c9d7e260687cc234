"""The sample data: four weeks of calls of two invented companies, the same on every machine."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

Row = dict[str, Any]

COMPANIES = {"acme": "Acme Hotels", "globex": "Globex Airlines"}
REGIONS = ("North", "South", "East", "West")
DESKS = ("north", "south", "night")

_ROWS_PER_COMPANY = {"acme": 480, "globex": 520}
_FIRST_DAY = date(2026, 10, 26)
_DAYS = 28
_QUEUES = {
    "acme": ("Reservations", "Loyalty", "Events", "Billing"),
    "globex": ("Bookings", "Baggage", "Miles", "Disruption"),
}
_AGENTS = {
    "acme": ("Ana Duarte", "Ben Okafor", "Chloé Martin", "Dmitri Petrov", "Elif Kaya", "Farah Aziz"),
    "globex": ("Grace Lin", "Hugo Silva", "Ines Weber", "Jonas Berg", "Kavya Rao", "Liam Byrne"),
}
_OUTCOMES = ("Resolved", "Transferred", "Call back", "Abandoned")


@cache
def calls() -> tuple[Row, ...]:
    """Every call of every company, oldest first within a company."""
    return tuple(row for company in COMPANIES for row in _calls_of(company))


@cache
def agent_days() -> tuple[Row, ...]:
    """One row per agent, desk and day: what a scorecard adds up."""
    totals: dict[tuple[str, str, str, date], list[Row]] = {}
    for call in calls():
        key = (call["tenant_id"], call["agent"], call["desk"], call["started_at"].date())
        totals.setdefault(key, []).append(call)
    return tuple(_agent_day(key, group) for key, group in totals.items())


@cache
def benchmark() -> tuple[Row, ...]:
    """Figures of the whole market: they belong to nobody, so they carry no company."""
    draw = random.Random("fanfold|benchmark")
    weeks = [_FIRST_DAY + timedelta(weeks=week) for week in range(_DAYS // 7)]
    return tuple(
        {
            "week": week.isoformat(),
            "region": region,
            "answered_percent": round(draw.uniform(86, 97), 1),
            "average_wait_seconds": draw.randint(18, 75),
            "score": round(draw.uniform(3.4, 4.6), 2),
        }
        for week in weeks
        for region in REGIONS
    )


def _calls_of(company: str) -> list[Row]:
    draw = random.Random(f"fanfold|{company}")
    starts = sorted(_moment(draw) for _ in range(_ROWS_PER_COMPANY[company]))
    return [_call(company, number, start, draw) for number, start in enumerate(starts, start=1)]


def _moment(draw: random.Random) -> datetime:
    """Mostly office hours, some nights: a day that looks like a day in the chart."""
    hour = min(23, max(0, round(draw.gauss(13, 4))))
    day = _FIRST_DAY + timedelta(days=draw.randrange(_DAYS))
    return datetime(day.year, day.month, day.day, hour, draw.randrange(60), draw.randrange(60), tzinfo=UTC)


def _call(company: str, number: int, start: datetime, draw: random.Random) -> Row:
    outcome = draw.choices(_OUTCOMES, weights=(70, 12, 10, 8))[0]
    abandoned = outcome == "Abandoned"
    is_night = start.hour < 7 or start.hour > 20
    return {
        "call_id": f"{company[:2].upper()}-{number:05d}",
        "tenant_id": company,
        "company": COMPANIES[company],
        "started_at": start,
        "region": draw.choice(REGIONS),
        "desk": "night" if is_night else draw.choice(("north", "south")),
        "queue": draw.choice(_QUEUES[company]),
        "agent": draw.choice(_AGENTS[company]),
        "wait_seconds": draw.randint(60, 400) if abandoned else int(draw.expovariate(1 / 35)),
        "handle_seconds": 0 if abandoned else draw.randint(45, 900),
        "outcome": outcome,
        "score": None if abandoned else round(min(5.0, max(1.0, draw.gauss(4.1, 0.8))), 1),
    }


def _agent_day(key: tuple[str, str, str, date], group: list[Row]) -> Row:
    company, agent, desk, day = key
    scores = [call["score"] for call in group if call["score"] is not None]
    return {
        "tenant_id": company,
        "company": COMPANIES[company],
        "agent": agent,
        "desk": desk,
        "started_at": datetime(day.year, day.month, day.day, tzinfo=UTC),
        "calls": len(group),
        "resolved": sum(call["outcome"] == "Resolved" for call in group),
        "handle_seconds": sum(call["handle_seconds"] for call in group),
        "score": round(sum(scores) / len(scores), 2) if scores else None,
    }
