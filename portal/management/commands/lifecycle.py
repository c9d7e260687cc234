"""`manage.py lifecycle`: the rules by which S3 itself removes old files; shown, or put on the buckets."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.doctor.offers import places
from reports import retention
from reports.aws import lifecycle
from reports.aws.errors import AwsError
from reports.catalogue import facts_of


class Command(BaseCommand):
    help = "Prints the lifecycle rules as `aws s3api put-bucket-lifecycle-configuration` takes them, or puts them on every bucket in use."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="put them on the buckets; rules of others stay as they are")

    def handle(self, *args: Any, apply: bool, **options: Any) -> None:
        if not apply:
            self.stdout.write(json.dumps({"Rules": retention.rules()}, indent=2))
            return
        for account, bucket in [(account, bucket) for account, bucket in places() if bucket]:
            facts = facts_of(account)
            try:
                present = lifecycle.rules(facts, bucket)
                if not (missing := retention.missing(present)):
                    self.stdout.write(f"{bucket}: has them already.")
                    continue
                lifecycle.put_rules(facts, bucket, retention.merged(present))
            except AwsError as error:
                raise CommandError(f"{bucket} (as account {account.name}): {error}. Buckets named above this line are done.") from error
            others = len(present) - sum(rule.get("ID", "").startswith(retention.OURS) for rule in present)
            self.stdout.write(f"{bucket}: {', '.join(missing)} written; {others} other rule(s) kept.")
