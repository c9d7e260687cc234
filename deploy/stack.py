"""Fanfold on AWS: `python deploy/stack.py up|show|apply|manage|down STACK …`. docs/aws.md goes through it from start to finish.

Credentials and region come by boto3's usual chain. It needs boto3 and nothing of the product; `make setup` installs it.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE / "cloudformation.yaml"
RIGHTS = ["CAPABILITY_IAM"]
# What DeleteObjects takes at once, and what RunTask takes for changes of a task.
MOST_AT_ONCE, LONGEST_CHANGE = 1000, 8000
ABSENT, UNCHANGED = "does not exist", "No updates are to be performed"
GONE = ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS")
PLATFORM_FILE = "PLATFORM_FILE"
APPLY = f'printf %s "${PLATFORM_FILE}" | base64 -d | gunzip > /tmp/platform.toml && exec python manage.py apply /tmp/platform.toml'


class Refused(Exception):
    """A sentence for whoever typed the command."""


class Stack:
    def __init__(self, name: str, region: str | None, every: float) -> None:
        self.name, self.every = name, every
        self.session = boto3.session.Session(region_name=region)
        self.cloudformation = self.client("cloudformation")

    def client(self, service: str) -> Any:
        return self.session.client(service)

    def described(self) -> dict[str, Any] | None:
        """As CloudFormation tells it; None: there is none."""
        try:
            found = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if ABSENT in str(error):
                return None
            raise
        return None if found["StackStatus"] in GONE else dict(found)

    def outputs(self) -> dict[str, str]:
        if (found := self.described()) is None:
            raise Refused(
                f"There is no stack {self.name} in {self.session.region_name}. Make it with `up`, or name its region with --region."
            )
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())}

    def output(self, name: str) -> str:
        if name not in (outputs := self.outputs()):
            raise Refused(
                f"The stack {self.name} has no output {name}. It has: {', '.join(sorted(outputs))}. Some come with Compute=yes only."
            )
        return outputs[name]

    def parameters(self) -> dict[str, str]:
        """In force now; a secret one is told as asterisks."""
        found = self.described() or {}
        return {parameter["ParameterKey"]: parameter.get("ParameterValue", "") for parameter in found.get("Parameters", ())}

    def bring(self, template: str, wanted: dict[str, str]) -> None:
        """Makes the stack or changes it, and waits. What is not in `wanted` stays as it is."""
        before = self.described()
        if before and before["StackStatus"] in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
            raise Refused(
                f"The stack {self.name} is {before['StackStatus']}: an earlier `up` or `down` failed. Take it down first, then try again."
            )
        known = {parameter["ParameterKey"] for parameter in self.cloudformation.get_template_summary(TemplateBody=template)["Parameters"]}
        if unknown := set(wanted) - known:
            raise Refused(f"The template has no parameter {', '.join(sorted(unknown))}. It has: {', '.join(sorted(known))}.")
        had = set(self.parameters()) & known
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in wanted.items()]
        parameters += [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(had - set(wanted))]
        request = {"StackName": self.name, "TemplateBody": template, "Parameters": parameters, "Capabilities": RIGHTS}
        if before is None:
            self.cloudformation.create_stack(**request, OnFailure="ROLLBACK")
            self._wait("stack_create_complete")
            self.cloudformation.update_termination_protection(StackName=self.name, EnableTerminationProtection=True)
        elif self._has_changed(request):
            self._wait("stack_update_complete")

    def _has_changed(self, request: dict[str, Any]) -> bool:
        try:
            self.cloudformation.update_stack(**request)
        except ClientError as error:
            if UNCHANGED not in str(error):
                raise
            return False
        return True

    def remove(self) -> None:
        found = self.described()
        self.cloudformation.update_termination_protection(StackName=self.name, EnableTerminationProtection=False)
        self.cloudformation.delete_stack(StackName=self.name)
        self._wait("stack_delete_complete", (found or {}).get("StackId", self.name))

    def _wait(self, what: str, name: str = "") -> None:
        say(f"Waiting for {self.name} …")
        try:
            attempts = {"Delay": self.every, "MaxAttempts": int(7200 / self.every)}
            self.cloudformation.get_waiter(what).wait(StackName=name or self.name, WaiterConfig=attempts)
        except WaiterError as error:
            raise Refused(
                "\n".join([f"CloudFormation did not get there. What it says of {self.name}:", *self._complaints(name or self.name)])
            ) from error

    def _complaints(self, name: str) -> list[str]:
        """The last ones, newest first."""
        events = self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [event for event in events if event.get("ResourceStatus", "").endswith("_FAILED")]
        return [f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason')}" for event in failed[:10]] or [
            "  nothing"
        ]

    def run(self, task: str, changes: dict[str, Any]) -> None:
        """One container to its end, with the output `task` as its definition. Prints what it says; raises Refused where it fails."""
        outputs = self.outputs()
        if task not in outputs:
            raise Refused(
                f"The stack {self.name} runs no containers: it was made without Compute=yes. Run manage.py where the worker runs."
            )
        *subnets, group = outputs["TaskNetwork"].split()
        container = {"MigrateTask": "migrate", "CommandTask": "command"}[task]
        ecs = self.client("ecs")
        answer = ecs.run_task(
            cluster=outputs["Cluster"],
            taskDefinition=outputs[task],
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [group], "assignPublicIp": "ENABLED"}},
            overrides={"containerOverrides": [{"name": container, **changes}]} if changes else {},
        )
        if failures := answer.get("failures"):
            raise Refused(f"ECS did not start the container: {failures[0].get('reason')}.")
        arn = answer["tasks"][0]["taskArn"]
        attempts = {"Delay": self.every, "MaxAttempts": int(7200 / self.every)}
        ecs.get_waiter("tasks_stopped").wait(cluster=outputs["Cluster"], tasks=[arn], WaiterConfig=attempts)
        ended = ecs.describe_tasks(cluster=outputs["Cluster"], tasks=[arn])["tasks"][0]
        self._tell(outputs["CommandLog"], f"{container}/{container}/{arn.rpartition('/')[2]}")
        if (code := ended["containers"][0].get("exitCode")) != 0:
            reason = ended["containers"][0].get("reason") or ended.get("stoppedReason") or "its lines are above"
            raise Refused(f"The command ended with {code}: {reason}.")

    def _tell(self, group: str, stream: str) -> None:
        """Prints the lines and takes them out of the log: they may be an invitation."""
        logs, token = self.client("logs"), {}
        try:
            while True:
                page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **token)
                for event in page["events"]:
                    say(event["message"])
                if token.get("nextToken") == page["nextForwardToken"]:
                    break
                token = {"nextToken": page["nextForwardToken"]}
            logs.delete_log_stream(logGroupName=group, logStreamName=stream)
        except logs.exceptions.ResourceNotFoundException:
            say("(It said nothing.)")


def say(text: str) -> None:
    print(text, flush=True)


def up(stack: Stack, template: Path, wanted: dict[str, str]) -> None:
    """With containers in three steps, because the tables have to be there, and new, before who uses them: migration, its run, the rest."""
    text, before = template.read_text(), stack.parameters()
    has_compute = (before | wanted).get("Compute") == "yes"
    image = wanted.get("Image", "")
    is_running = before.get("Compute") == "yes" and before.get("Started") == "yes"
    if has_compute and not (is_running and image in ("", before["Image"])):
        held = {"Image": before["Image"]} if is_running else {"Started": "no"}
        stack.bring(text, wanted | held | ({"MigrationImage": image} if image else {}))
        say("Migrating …")
        stack.run("MigrateTask", {})
    stack.bring(text, wanted | ({"Started": "yes"} if has_compute else {}))
    show(stack)


def show(stack: Stack, name: str = "") -> None:
    if name:
        say(stack.output(name))
        return
    for key, value in sorted(stack.outputs().items()):
        say(f"{key}:\n    " + value.replace("\n", "\n    ") if "\n" in value else f"{key}: {value}")


def apply(stack: Stack, file: Path, dry_run: bool) -> None:
    packed = base64.b64encode(gzip.compress(file.read_bytes())).decode()
    if len(packed) > LONGEST_CHANGE - len(APPLY) - 200:
        raise Refused(f"{file} is too large to be handed to a container this way. Split it: each run adds what its file names.")
    command = ["sh", "-c", APPLY + (" --dry-run" if dry_run else "")]
    stack.run("CommandTask", {"command": command, "environment": [{"name": PLATFORM_FILE, "value": packed}]})


def down(stack: Stack, with_data: bool, is_sure: bool) -> None:
    began, outputs, before = datetime.now(UTC), stack.outputs(), stack.parameters()
    say(f"This takes down {stack.name}: all of it but its data." if not with_data else f"This takes down {stack.name} and all its data.")
    for line in kept(outputs):
        say(f"  {'goes for good' if with_data else 'stays'}: {line}")
    if not is_sure and not confirmed(stack.name):
        raise Refused("Nothing was changed. Say --yes, or type the stack's name when asked.")
    if with_data:
        if before.get("Started") == "yes" and before.get("Compute") == "yes":
            # So that nobody writes meanwhile.
            stack.bring(TEMPLATE.read_text(), {"Started": "no"})
        remove_data(stack, outputs)
    if name := outputs.get("Database"):
        stack.client("rds").modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True)
    stack.remove()
    snapshots = snapshots_since(stack, outputs, began)
    if with_data:
        for snapshot in snapshots:
            stack.client("rds").delete_db_snapshot(DBSnapshotIdentifier=snapshot)
        say(f"{stack.name} is gone, and its data. Tenants' own buckets have stacks of their own.")
        return
    if "Bucket" not in outputs:
        say(f"{stack.name} is gone.")
        return
    say(f"{stack.name} is gone. To go on from what stays:")
    say("  " + " ".join([".venv/bin/python deploy/stack.py up", stack.name, *again(outputs, before, snapshots)]))


# By output, what of the stack outlives it.
KEPT = {
    "Bucket": "the bucket {} with all files",
    "Database": "a snapshot of the database {}, made at its end",
    "SecretKey": "SECRET_KEY, in the secret {}",
    "Logs": "the log groups {}",
}


def kept(outputs: dict[str, str]) -> list[str]:
    return [words.format(outputs[name]) for name, words in KEPT.items() if name in outputs]


def confirmed(name: str) -> bool:
    return sys.stdin.isatty() and input(f"Type {name} to go on: ") == name


def again(outputs: dict[str, str], before: dict[str, str], snapshots: list[str]) -> list[str]:
    """The parameters with which a new stack finds what this one left; a secret one has to be given anew."""
    kept_by = {"KeptBucket": outputs["Bucket"], "KeptSecretKey": outputs.get("SecretKey", ""), "KeptSnapshot": "".join(snapshots[:1])}
    words = before | (kept_by if "EventQueue" in outputs else {})
    left_out = {"MigrationImage", "Started", "AlertWebhook"}
    return [shlex.quote(f"{name}={value}") for name, value in words.items() if value and name not in left_out]


def snapshots_since(stack: Stack, outputs: dict[str, str], began: datetime) -> list[str]:
    """Names of those that the end of the stack made, newest first."""
    if "Database" not in outputs:
        return []
    found = stack.client("rds").describe_db_snapshots(DBInstanceIdentifier=outputs["Database"], SnapshotType="manual")["DBSnapshots"]
    made = [(one["SnapshotCreateTime"], one["DBSnapshotIdentifier"]) for one in found if one["SnapshotCreateTime"] >= began]
    return [name for _, name in sorted(made, reverse=True)]


def remove_data(stack: Stack, outputs: dict[str, str]) -> None:
    if bucket := outputs.get("Bucket"):
        remove_bucket(stack.client("s3"), bucket)
    if secret := outputs.get("SecretKey"):
        stack.client("secretsmanager").delete_secret(SecretId=secret, RecoveryWindowInDays=7)
        say(f"{secret}: gone in 7 days; until then `aws secretsmanager restore-secret` brings it back.")
    for group in outputs.get("Logs", "").split():
        stack.client("logs").delete_log_group(logGroupName=group)


def remove_bucket(s3: Any, bucket: str) -> None:
    """With every version of every file, and uploads that were broken off. Nothing where it is gone already."""
    count = 0
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": MOST_AT_ONCE}):
            found = [
                {"Key": one["Key"], "VersionId": one["VersionId"]} for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
            gone = s3.delete_objects(Bucket=bucket, Delete={"Quiet": True, "Objects": found}) if found else {}
            for error in gone.get("Errors", ()):
                raise Refused(f"S3 does not remove {error['Key']} from {bucket}: {error.get('Message')}. Put it right and do this again.")
            count += len(found)
        for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
            for upload in page.get("Uploads", ()):
                s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        s3.delete_bucket(Bucket=bucket)
    except s3.exceptions.NoSuchBucket:
        return
    say(f"{bucket}: {count} versions of files removed, and the bucket.")


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy/stack.py", description="Fanfold on AWS, up and down. docs/aws.md goes through it.")
    parser.add_argument("--region", help="AWS region (default: that of your configuration)")
    parser.add_argument(
        "--every", type=float, default=10, metavar="SECONDS", help="how often AWS is asked while something takes its time (10)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    helps = {
        "up": "make the stack or change it; parameters that are not named stay as they are",
        "show": "print the outputs, or one of them as it is",
        "apply": "hand a platform file to `manage.py apply`, in a container",
        "manage": "run another command of manage.py in a container, as the worker: `manage STACK -- doctor`",
        "down": "take the stack down; says what stays, and asks",
    }
    parts = {name: commands.add_parser(name, help=text, description=text) for name, text in helps.items()}
    for part in parts.values():
        part.add_argument("stack", help="name of the stack")
    parts["up"].add_argument("parameters", nargs="*", metavar="Name=Value")
    parts["up"].add_argument("--template", type=Path, default=TEMPLATE, help="deploy/tenant-bucket.yaml for a tenant's own bucket")
    parts["show"].add_argument("output", nargs="?", default="")
    parts["apply"].add_argument("file", type=Path)
    parts["apply"].add_argument("--dry-run", action="store_true", help="print the plan and change nothing")
    parts["manage"].add_argument("words", nargs="+")
    parts["down"].add_argument("--yes", action="store_true", help="do not ask")
    parts["down"].add_argument("--with-data", action="store_true", help="files, database, SECRET_KEY and logs too, for good")
    given, rest = parser.parse_known_args(argv)
    # argparse ends a list at the first option; what stands behind it is a parameter too.
    words = [*getattr(given, "parameters", ()), *rest]
    if wrong := [word for word in words if given.command != "up" or word.startswith("-") or "=" not in word]:
        parser.error(f"{wrong[0]} is not understood here; parameters are Name=Value, behind `up STACK`")
    given.parameters = dict(word.split("=", 1) for word in words)
    return given


def main(argv: list[str] | None = None) -> None:
    given = arguments(argv)
    stack = Stack(given.stack, given.region, given.every)
    match given.command:
        case "up":
            up(stack, given.template, given.parameters)
        case "show":
            show(stack, given.output)
        case "apply":
            apply(stack, given.file, given.dry_run)
        case "manage":
            stack.run("CommandTask", {"command": ["python", "manage.py", *given.words]})
        case "down":
            down(stack, given.with_data, given.yes)


if __name__ == "__main__":
    try:
        main()
    except (Refused, OSError) as refusal:
        sys.exit(str(refusal))
    except (ClientError, BotoCoreError) as error:
        sys.exit(f"AWS: {error}")
