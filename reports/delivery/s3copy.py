"""Files into a company's or its partner's S3 bucket, with a role that its owner lets us take on.

An object appears whole or not at all, and nothing of theirs is ever overwritten: a name that is taken gets a number. One that we were
about to place ourselves in a try whose end nobody knows counts as placed.

A role that lets us in without the external id is not used at all: whoever guesses its name could have us write there, and roles of the
platform's own accounts, which ask for none of these ids, are closed to companies by this.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from reports.aws.clients import AccountFacts
from reports.aws.errors import AccessDenied, AwsError, CredentialsRefused, NotFound, Throttled, Unanswered
from reports.aws.foreign_bucket import CONFLICT, ForeignBucket, NameTaken, RoleRefused, is_open_to_all_our_customers
from reports.delivery.channel import NotSent, Sent, Shipment, ShippedFile, Step, Stops, TryLater
from reports.delivery.failures import cause_of
from reports.destinations import naming
from reports.destinations.config import S3Config

# `sales.pdf`, `sales-2.pdf`, … So many of one name in one folder are no accident.
MOST_NAMES = 50
MARK, MARK_BODY = ".fanfold-test", b"Fanfold test"
STEPS = ("role", "external_id", "write", "owner", "elsewhere")


class S3Copy:
    def __init__(self, config: S3Config, secret: str = "") -> None:
        """No secret is needed: the role trusts our account."""
        self._config = config
        self._role = AccountFacts("", config.region, config.role_arn, config.external_id)

    def send(self, shipment: Shipment) -> Sent:
        earlier = dict(shipment.placing)
        try:
            bucket = self._bucket()
            if is_open_to_all_our_customers(self._role):
                raise Stops("role_open")
            names = [self._place(bucket, file, shipment, earlier.get(file.id, "")) for file in shipment.files]
        except AwsError as error:
            raise _not_sent(error) from error
        return Sent(", ".join(names)[:500])

    def test(self) -> list[Step]:
        steps: list[Step] = []
        try:
            self._try_out(steps)
        except AwsError as error:
            failed = _not_sent(error)
            steps.append(Step(STEPS[len(steps)], Step.FAILED, _said(failed, error)))
        wanted = [name for name in STEPS if name != "owner" or self._config.owner_account]
        return steps + [Step(name, Step.SKIPPED, _("not reached")) for name in wanted if name not in {step.step for step in steps}]

    def _bucket(self) -> ForeignBucket:
        return ForeignBucket(self._role, self._config.bucket, self._config.owner_account)

    def _place(self, bucket: ForeignBucket, file: ShippedFile, shipment: Shipment, earlier: str) -> str:
        # The one that may be ours is asked for first: noted under another name, it would be forgotten by a try that ends in between.
        for key in dict.fromkeys([earlier, *_keys(shipment, file)] if earlier else _keys(shipment, file)):
            shipment.is_about_to_place(file.id, key)
            try:
                bucket.place(key, file.content, file.size_bytes, file.sha256)
            except NameTaken:
                if key != earlier:
                    continue
            except AwsError as error:
                if not isinstance(error, Unanswered) and key != earlier:
                    # It is not there. What has this name at the next try is somebody else's, such as the file of yesterday.
                    shipment.is_about_to_place(file.id, "")
                raise
            shipment.has_placed(file.id, key)
            return key
        raise TryLater("name_taken", file.name)

    def _try_out(self, steps: list[Step]) -> None:
        config = self._config
        bucket = self._bucket()
        steps.append(Step("role", Step.OK, _("took on role %(role)s") % {"role": config.role_arn.rpartition("/")[2]}))
        if is_open_to_all_our_customers(self._role):
            steps.append(Step("external_id", Step.FAILED, _("the role lets us in without the external ID: add it to the trust policy")))
            return
        steps.append(Step("external_id", Step.OK, _("the role asks for the external ID")))
        key = _key(naming.fixed_folder(config.folder), MARK)
        bucket.write(key, MARK_BODY)
        steps.append(Step("write", Step.OK, _("wrote %(key)s, %(n)d bytes") % {"key": key, "n": len(MARK_BODY)}))
        if config.owner_account:
            steps.append(Step("owner", Step.OK, _("bucket owner is %(account)s") % {"account": config.owner_account}))
        steps.append(Step("elsewhere", Step.OK, _elsewhere(bucket.can_be_listed())))


def _elsewhere(listed: bool) -> str:
    if listed:
        return _("the bucket could be listed, too: the role needs s3:PutObject alone")
    return _("listing the bucket is refused")


def _keys(shipment: Shipment, file: ShippedFile) -> list[str]:
    names = [file.name, *(naming.numbered(file.name, number) for number in range(2, MOST_NAMES + 1))]
    return [_key(shipment.folder, name) for name in names]


def _key(folder: str, name: str) -> str:
    return f"{folder.strip('/')}/{name}".lstrip("/")


def _not_sent(error: AwsError) -> NotSent:
    """What AWS said as a reason of reports/delivery/failures.py. Its own text names no key of ours."""
    answer = str(error)[:500]
    if isinstance(error, RoleRefused):
        return TryLater("role_refused", answer)
    if isinstance(error, CredentialsRefused):
        return TryLater("aws_refused", answer)
    if isinstance(error, Throttled) or error.code == CONFLICT:
        return TryLater("asked_to_wait_there", answer)
    if isinstance(error, Unanswered):
        return TryLater("fate_unknown_there", answer, unknown=True)
    if isinstance(error, NotFound):
        return TryLater("no_such_bucket", answer)
    if isinstance(error, AccessDenied):
        return TryLater("bucket_refused", answer)
    return TryLater("not_taken_there", answer)


def _said(failed: NotSent, error: AwsError) -> str:
    return f"{cause_of(failed.code).message} ({error.code})"
