"""The templates applied by deploy/stack.py to moto: what is there then, what it refuses, and what is left when it goes."""

from __future__ import annotations

import json
import shlex
import tomllib
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from reports import retention
from reports.aws import s3_events
from tests.deploy import aws as moto
from tests.deploy.template import TENANT

BASE_URL = "BaseUrl=https://portal.example"
IMAGE = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/fanfold"
JOB = "t/r90/0c5a40a8-9d0b-4b57-b0e9-5f1c8f0f3f10/2f9d1c11-6d3c-4c47-8f1a-5f3c2f6a7d10/report.pdf"


@pytest.fixture(scope="module")
def aws():
    with moto.running() as server:
        yield server


@pytest.fixture(scope="module")
def portal(aws):
    """The outputs of a stack without compute."""
    aws.up("portal", BASE_URL, "MaxConcurrentJobs=12", "MailFrom=reports@portal.example", "MailIdentity=portal.example")
    return aws.outputs("portal")


@pytest.fixture(scope="module")
def certificate(aws):
    return aws.client("acm").request_certificate(DomainName="portal.example")["CertificateArn"]


@pytest.fixture(scope="module")
def whole(aws, certificate):
    """What `up` said of a stack with containers."""
    return aws.up("whole", BASE_URL, "Compute=yes", f"Image={IMAGE}:1.0", f"Certificate={certificate}")


def as_role(aws, role):
    """Of S3 moto looks at rights by resource; of other services by the action alone."""
    return aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]


def is_allowed(call):
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException"):
            raise
        return False
    return True


@contextmanager
def as_if_by_tls(aws, bucket):
    """moto speaks plain HTTP, and to that the bucket's policy refuses everything."""
    s3 = aws.client("s3")
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    try:
        yield s3
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def put(aws, bucket, *keys):
    with as_if_by_tls(aws, bucket) as s3:
        for key in keys:
            s3.put_object(Bucket=bucket, Key=key, Body=b"%PDF-")


def ended(ecs, cluster):
    listed = ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"] or ecs.list_tasks(cluster=cluster)["taskArns"]
    return ecs.describe_tasks(cluster=cluster, tasks=listed)["tasks"]


def heard(aws, queue):
    return [message["Body"] for message in aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", ())]


def test_the_bucket_is_private_encrypted_and_its_owners(aws, portal):
    s3, bucket = aws.client("s3"), portal["Bucket"]

    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    (ownership,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert ownership["ObjectOwnership"] == "BucketOwnerEnforced"
    (encryption,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert {one["Sid"] for one in policy["Statement"]} == {"OnlyEncryptedConnections", "QuickSightWritesReports"}
    assert policy["Statement"][1]["Principal"]["AWS"] == "arn:aws:iam::123456789012:role/service-role/aws-quicksight-service-role-v0"


def test_the_bucket_refuses_what_comes_unencrypted(aws, portal):
    """As everything does that this test sends: it speaks HTTP."""
    with pytest.raises(ClientError) as refused:
        aws.client("s3").put_object(Bucket=portal["Bucket"], Key=JOB, Body=b"%PDF-")

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_the_bucket_has_the_lifecycle_that_the_doctor_looks_for(aws, portal):
    present = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=portal["Bucket"])["Rules"]

    assert retention.missing(present) == []
    assert retention.dangerous(present) == []


def test_the_send_log_goes_after_35_days_and_no_rule_reaches_the_mark_or_what_is_held(aws, portal):
    present = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=portal["Bucket"])["Rules"]
    days = {rule["Filter"]["Prefix"]: rule["Expiration"]["Days"] for rule in present if "Days" in rule.get("Expiration", {})}

    assert days["_fanfold/sent/"] == 35
    for key in ("_fanfold/0c5a40a8/mark.json", "t/held/a/b/report.pdf"):
        assert [prefix for prefix in days if key.startswith(prefix)] == []


def test_broken_uploads_go_everywhere_in_the_bucket(aws, portal):
    present = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=portal["Bucket"])["Rules"]

    assert [rule["AbortIncompleteMultipartUpload"] for rule in present if rule["ID"] == "broken-uploads"] == [{"DaysAfterInitiation": 7}]


def test_the_queue_is_as_the_operations_page_says(aws, portal):
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=portal["EventQueue"], AttributeNames=["All"])["Attributes"]

    assert (attributes["VisibilityTimeout"], attributes["MessageRetentionPeriod"]) == ("30", "3600")
    redrive = json.loads(attributes["RedrivePolicy"])
    assert redrive["maxReceiveCount"] == 5
    assert redrive["deadLetterTargetArn"].rpartition(":")[2] == portal["DeadLetterQueue"].rpartition("/")[2]


def test_only_our_rule_and_buckets_of_ours_may_write_to_the_queue(aws, portal):
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=portal["EventQueue"], AttributeNames=["All"])["Attributes"]
    (rule,) = [one for one in aws.client("events").list_rules()["Rules"] if one["Name"].startswith("portal-")]

    ours, buckets = json.loads(attributes["Policy"])["Statement"]
    assert ours["Principal"] == {"Service": "events.amazonaws.com"}
    assert ours["Condition"] == {"ArnEquals": {"aws:SourceArn": rule["Arn"]}}
    assert buckets["Principal"] == {"Service": "s3.amazonaws.com"}
    assert buckets["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_a_file_of_a_job_is_told_in_words_that_the_worker_reads_and_nothing_else_is(aws, portal):
    put(aws, portal["Bucket"], "_fanfold/x/mark.json", JOB)

    (told,) = [event for body in heard(aws, portal["EventQueue"]) for event in s3_events.read(body)]
    assert (told.bucket, told.key, told.account) == (portal["Bucket"], JOB, "123456789012")


def test_web_is_refused_all_but_reading_files_of_jobs(aws, portal):
    s3 = aws.client("s3", as_role(aws, portal["WebRole"]))
    put(aws, portal["Bucket"], "_fanfold/x/mark.json", JOB)

    with as_if_by_tls(aws, portal["Bucket"]), aws.rights_are_looked_at():
        assert is_allowed(lambda: s3.get_object(Bucket=portal["Bucket"], Key=JOB))
        assert not is_allowed(lambda: s3.get_object(Bucket=portal["Bucket"], Key="_fanfold/x/mark.json"))
        assert not is_allowed(lambda: s3.put_object(Bucket=portal["Bucket"], Key=JOB, Body=b""))
        assert not is_allowed(lambda: s3.delete_object(Bucket=portal["Bucket"], Key=JOB))
        assert not is_allowed(lambda: s3.list_objects_v2(Bucket=portal["Bucket"]))


def test_the_worker_is_refused_what_it_never_does_with_files(aws, portal):
    s3, bucket = aws.client("s3", as_role(aws, portal["WorkerRole"])), portal["Bucket"]
    aws.client("s3").create_bucket(Bucket="another", CreateBucketConfiguration={"LocationConstraint": moto.REGION})

    with as_if_by_tls(aws, bucket), aws.rights_are_looked_at():
        assert is_allowed(lambda: s3.put_object(Bucket=bucket, Key=JOB, Body=b"%PDF-"))
        assert is_allowed(lambda: s3.put_object(Bucket=bucket, Key="_fanfold/x/mark.json", Body=b"{}"))
        assert is_allowed(lambda: s3.list_objects_v2(Bucket=bucket, Prefix="t/"))
        assert is_allowed(lambda: s3.delete_object(Bucket=bucket, Key=JOB))
        assert not is_allowed(lambda: s3.delete_object(Bucket=bucket, Key="_fanfold/x/mark.json"))
        assert not is_allowed(lambda: s3.put_object(Bucket=bucket, Key="elsewhere", Body=b""))
        assert not is_allowed(lambda: s3.delete_bucket_policy(Bucket=bucket))
        assert not is_allowed(lambda: s3.list_objects_v2(Bucket="another"))


def test_the_platform_file_has_the_slots_that_were_asked_for(portal):
    file = tomllib.loads(portal["PlatformFile"])

    assert file["account"] == [{"name": "main", "id": "123456789012", "region": moto.REGION, "slots": 12}]


def test_the_environment_is_ready_to_be_used(portal):
    told = dict(line.split("=", 1) for line in portal["Environment"].splitlines())

    assert told["PORTAL_BUCKET"] == portal["Bucket"]
    assert told["PORTAL_EVENT_QUEUE_URL"] == portal["EventQueue"]
    assert told["EMAIL_URL"] == f"ses://?from=reports@portal.example&region={moto.REGION}"


def test_a_tenants_own_bucket_tells_the_same_queue_and_lets_our_roles_in(aws, portal):
    roles = {name: f"{name}={portal[name]}" for name in ("WebRole", "WorkerRole", "EventQueueArn")}
    role = "QuickSightRole=arn:aws:iam::123456789012:role/service-role/aws-quicksight-service-role-v0"
    aws.up("acme", "--template", str(TENANT), "BucketName=acme-reports", role, *roles.values())
    s3 = aws.client("s3")

    put(aws, "acme-reports", "else", JOB)

    told = [event for body in heard(aws, portal["EventQueue"]) for event in s3_events.read(body)]
    # S3 itself does not say whose the bucket is.
    assert [(event.key, event.account) for event in told if event.bucket == "acme-reports"] == [(JOB, "")]
    assert aws.outputs("acme")["PlatformLine"] == 'bucket = "acme-reports"'
    assert retention.missing(s3.get_bucket_lifecycle_configuration(Bucket="acme-reports")["Rules"]) == []
    named = {one["Principal"]["AWS"] for one in json.loads(s3.get_bucket_policy(Bucket="acme-reports")["Policy"])["Statement"][1:]}
    assert {portal["WebRole"], portal["WorkerRole"]} < named


def test_other_accounts_of_tenants_get_rights_only_where_they_are_named(aws, portal):
    aws.up("foreign", BASE_URL, "TenantAccounts=222233334444,333344445555")
    iam = aws.client("iam")

    for policy, count in (("WebPolicy", 1), ("WorkerPolicy", 2)):
        document = iam.get_policy_version(PolicyArn=aws.outputs("foreign")[policy], VersionId="v1")["PolicyVersion"]["Document"]
        conditions = [one["Condition"]["StringEquals"]["aws:ResourceAccount"] for one in document["Statement"] if "Elsewhere" in one["Sid"]]
        assert conditions == [["222233334444", "333344445555"]] * count
        without = iam.get_policy_version(PolicyArn=portal[policy], VersionId="v1")["PolicyVersion"]["Document"]
        assert [one["Sid"] for one in without["Statement"] if "Elsewhere" in one["Sid"]] == []


def test_what_is_not_named_again_stays_as_it_was(aws):
    aws.up("changing", BASE_URL, "MaxConcurrentJobs=7")
    aws.up("changing", "PlatformName=Acme")

    told = aws.parameters("changing")
    assert (told["MaxConcurrentJobs"], told["PlatformName"], told["BaseUrl"]) == ("7", "Acme", "https://portal.example")


def test_a_parameter_that_does_not_exist_is_told_with_those_that_do(aws):
    done = aws.run("up", "misspelt", BASE_URL, "MaxJobs=7")

    assert done.returncode == 1
    assert "no parameter MaxJobs" in done.stderr
    assert "MaxConcurrentJobs" in done.stderr


def test_a_stack_that_does_not_exist_is_told_in_a_sentence(aws):
    done = aws.run("show", "nothing")

    assert done.returncode == 1
    assert done.stderr.startswith("There is no stack nothing in eu-central-1.")


def test_with_containers_the_migration_runs_before_web_and_worker(aws, whole):
    ecs, told = aws.client("ecs"), aws.outputs("whole")

    first = ended(ecs, told["Cluster"])[0]
    listed = ecs.list_services(cluster=told["Cluster"])["serviceArns"]
    services = ecs.describe_services(cluster=told["Cluster"], services=listed)["services"]
    # The services were made with nothing to run, and told to run after it.
    assert whole.index("Waiting") < whole.index("Migrating") < whole.rindex("Waiting")
    assert first["taskDefinitionArn"] == told["MigrateTask"]
    tasks = {service["serviceName"].split("-")[1].removesuffix("Service"): service["desiredCount"] for service in services}
    assert tasks == {"Web": 2, "Worker": 2, "Overdue": 1}
    assert aws.parameters("whole")["Started"] == "yes"


def test_a_new_release_migrates_with_its_own_image_while_the_old_one_runs(aws, certificate):
    aws.up("newer", BASE_URL, "Compute=yes", f"Image={IMAGE}:1.0", f"Certificate={certificate}")
    aws.up("newer", f"Image={IMAGE}:1.1")
    ecs, told = aws.client("ecs"), aws.parameters("newer")

    assert (told["Image"], told["MigrationImage"], told["Started"]) == (f"{IMAGE}:1.1", f"{IMAGE}:1.1", "yes")
    cluster = aws.outputs("newer")["Cluster"]
    tasks = ended(ecs, cluster)
    images = [ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"] for task in tasks]
    assert sorted(one["containerDefinitions"][0]["image"] for one in images) == [f"{IMAGE}:1.0", f"{IMAGE}:1.1"]


def test_a_command_of_the_portal_runs_as_the_worker_with_the_file_it_was_given(aws, whole, tmp_path):
    told, ecs = aws.outputs("whole"), aws.client("ecs")
    file = tmp_path / "platform.toml"
    file.write_text(told["PlatformFile"])

    assert aws.run("apply", "whole", str(file), "--dry-run").returncode == 0
    assert aws.run("manage", "whole", "--", "doctor", "--job", "2f9d1c11").returncode == 0

    tasks = ended(ecs, told["Cluster"])
    commands = [task["overrides"]["containerOverrides"][0]["command"] for task in tasks if task["taskDefinitionArn"] == told["CommandTask"]]
    assert ["python", "manage.py", "doctor", "--job", "2f9d1c11"] in commands
    assert [command[2].endswith("apply /tmp/platform.toml --dry-run") for command in commands if command[0] == "sh"] == [True]


def test_a_stack_without_containers_runs_no_command_and_says_where_to(aws, portal):
    done = aws.run("manage", "portal", "--", "doctor")

    assert done.returncode == 1
    assert "without Compute=yes" in done.stderr


def test_down_asks_first_and_changes_nothing_without_an_answer(aws):
    aws.up("asked", BASE_URL)

    done = aws.run("down", "asked")

    assert done.returncode == 1
    assert "Nothing was changed." in done.stderr
    assert aws.outputs("asked")["Bucket"] in done.stdout


def test_down_leaves_the_data_and_says_how_to_go_on_from_them(aws, certificate):
    aws.up("kept", BASE_URL, "Compute=yes", f"Image={IMAGE}:1.0", f"Certificate={certificate}", "PlatformName=Acme Reports")
    before, s3 = aws.outputs("kept"), aws.client("s3")
    put(aws, before["Bucket"], JOB)

    done = aws.run("down", "kept", "--yes")

    assert done.returncode == 0, done.stderr
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=before["Bucket"])["Contents"]] == [JOB]
    assert s3.get_bucket_policy(Bucket=before["Bucket"])["Policy"]
    assert aws.client("secretsmanager").get_secret_value(SecretId=before["SecretKey"])["SecretString"]
    (snapshot,) = aws.client("rds").describe_db_snapshots(DBInstanceIdentifier=before["Database"])["DBSnapshots"]

    # As it is printed, but for the snapshot, which moto's CloudFormation does not restore.
    again = shlex.split(done.stdout.splitlines()[-1])
    snapshots = [word for word in again if word.startswith("KeptSnapshot=")]
    assert snapshots == [f"KeptSnapshot={snapshot['DBSnapshotIdentifier']}"]
    assert again[:4] == [".venv/bin/python", "deploy/stack.py", "up", "kept"]
    aws.up(*[word for word in again[3:] if word not in snapshots])
    after = aws.outputs("kept")
    assert (after["Bucket"], after["SecretKey"]) == (before["Bucket"], before["SecretKey"])
    assert aws.parameters("kept")["PlatformName"] == "Acme Reports"


def test_down_with_data_removes_every_version_of_every_file(aws):
    aws.up("emptied", BASE_URL)
    bucket, s3 = aws.outputs("emptied")["Bucket"], aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put(aws, bucket, JOB, JOB)
    # As whoever takes it down: the policy asks for TLS, which AWS's addresses speak.
    s3.delete_bucket_policy(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key=JOB)
    s3.create_multipart_upload(Bucket=bucket, Key="t/broken")

    done = aws.run("down", "emptied", "--with-data", "--yes")

    assert done.returncode == 0, done.stderr
    assert f"{bucket}: 3 versions of files removed" in done.stdout
    assert bucket not in {one["Name"] for one in s3.list_buckets()["Buckets"]}


def test_down_with_data_leaves_nothing_of_a_whole_portal(aws, certificate):
    aws.up("forgotten", BASE_URL, "Compute=yes", f"Image={IMAGE}:1.0", f"Certificate={certificate}")
    before = aws.outputs("forgotten")

    done = aws.run("down", "forgotten", "--with-data", "--yes")

    assert done.returncode == 0, done.stderr
    assert aws.client("rds").describe_db_snapshots(DBInstanceIdentifier=before["Database"])["DBSnapshots"] == []
    groups = {one["logGroupName"] for one in aws.client("logs").describe_log_groups()["logGroups"]}
    assert groups & set(before["Logs"].split()) == set()
    assert aws.client("secretsmanager").describe_secret(SecretId=before["SecretKey"])["DeletedDate"]
    assert "restore-secret" in done.stdout
