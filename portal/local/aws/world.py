"""What the parts of the pretend AWS share: the account, its catalogue, its jobs and the switches."""

from __future__ import annotations

from dataclasses import dataclass

from portal.local.aws.catalogue import Catalogue
from portal.local.aws.clock import Clock
from portal.local.aws.delivery import Delivery
from portal.local.aws.faults import Faults
from portal.local.aws.jobs import Jobs
from portal.local.aws.object_events import ObjectEvents
from portal.local.aws.outbox import Outbox
from portal.local.aws.switches import Switches
from portal.local.aws.throttle import Throttle


@dataclass
class World:
    account: str
    switches: Switches
    catalogue: Catalogue
    jobs: Jobs
    delivery: Delivery
    faults: Faults
    throttle: Throttle
    clock: Clock
    outbox: Outbox
    events: ObjectEvents
