"""Rights in three places that must say the same: the templates, docs/operations.md, and the calls that reports/aws makes."""

from __future__ import annotations

import ast
import re

import pytest

from tests.deploy.template import PORTAL, ROOT, TENANT, actions, read, statements

TEMPLATE = read(PORTAL)
WEB = TEMPLATE["Resources"]["WebPolicy"]["Properties"]["PolicyDocument"]
WORKER = TEMPLATE["Resources"]["WorkerPolicy"]["Properties"]["PolicyDocument"]
# For whoever runs `manage.py lifecycle --apply`: the templates bring the rules along.
BY_HAND = {"s3:PutLifecycleConfiguration"}
# What AWS asks for, by the operation of boto3. Others are called as their operation is.
NEEDS = {
    "head_object": {"s3:GetObject"},
    "list_objects_v2": {"s3:ListBucket"},
    "list_object_versions": {"s3:ListBucketVersions"},
    "delete_objects": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    # Inside a bucket, of a version.
    "copy": {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"},
    "get_bucket_lifecycle_configuration": {"s3:GetLifecycleConfiguration"},
    "put_bucket_lifecycle_configuration": {"s3:PutLifecycleConfiguration"},
    "delete_message_batch": {"sqs:DeleteMessage"},
    "describe_dashboard_definition": {"quicksight:DescribeDashboard"},
}
SERVICES = {"get_object": "s3", "put_object": "s3", "receive_message": "sqs", "send_email": "ses", "assume_role": "sts"}
CLIENTS = {"client", "_client", "sts"}


def called():
    """Operations of boto3 clients in reports/aws, as `client.x(…)`, QuickSight's `_call("x")` and `generate_presigned_url("x")`."""
    found = set()
    for file in (ROOT / "reports" / "aws").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            target, name = node.func.value, node.func.attr
            if name in ("_call", "generate_presigned_url"):
                found.add(node.args[0].value)
            elif getattr(target, "id", getattr(target, "attr", "")) in CLIENTS:
                found.add(name)
    return found


def needed(operation):
    if operation in NEEDS:
        return NEEDS[operation]
    service = SERVICES.get(operation, "quicksight")
    return {f"{service}:{''.join(word.capitalize() for word in operation.split('_'))}"}


def documented():
    text = (ROOT / "docs" / "operations.md").read_text()
    rights = text.split("## What AWS has to allow\n")[1].split("\n## Object events")[0]
    events, mail = text.split("## Object events\n")[1].split("\n## Mail\n")
    named = set(re.findall(r"\b(?:s3|sts|sqs|ses|kms):[A-Z]\w+", rights + events.split("4. Allow the worker")[1] + mail.split("\n## ")[0]))
    return (named | {f"quicksight:{name}" for name in re.findall(r"`((?:Start|List|Describe)\w+)`", rights)}) - {"kms:Decrypt"}


def test_the_workers_rights_are_those_that_the_calls_need():
    wanted = {action for operation in called() for action in needed(operation)}

    assert {"start_dashboard_snapshot_job", "delete_objects", "receive_message", "send_email", "get_object", "copy"} <= called()
    # Rights in buckets of other accounts come on top, and stand for none of these.
    assert actions({"Statement": [one for one in statements(WORKER) if "Elsewhere" not in one["Sid"]]}) == wanted - BY_HAND


def test_the_workers_rights_are_those_that_are_documented():
    # There is no right of that name: docs/operations.md says which one stands for it.
    assert actions(WORKER) == documented() - BY_HAND - {"quicksight:DescribeDashboardDefinition"}


def test_web_reads_files_takes_on_roles_and_nothing_else():
    assert actions(WEB) == {"s3:GetObject", "sts:AssumeRole"}


@pytest.mark.parametrize("policy", [WEB, WORKER], ids=["web", "worker"])
def test_no_right_is_given_by_a_wildcard(policy):
    assert [action for action in actions(policy) if "*" in action] == []
    # QuickSight's catalogue is read as a whole, and changes nothing.
    assert [one["Sid"] for one in statements(policy) if one["Resource"] == "*"] == (["Catalogue"] if policy is WORKER else [])


@pytest.mark.parametrize("policy", [WEB, WORKER], ids=["web", "worker"])
def test_no_role_of_the_portals_own_account_is_taken_on(policy):
    (denied,) = [one for one in statements(policy) if one["Effect"] == "Deny"]

    assert denied["Action"] == "sts:AssumeRole"
    assert denied["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/*"}


def test_a_tenants_bucket_gives_the_same_rights_on_files_as_the_portals():
    policy = read(TENANT)["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]
    given = {one["Sid"]: one for one in statements(policy)}

    on_files = {one["Sid"]: one["Action"] for one in statements(WORKER)}
    assert given["WorkerReadsMovesAndRemovesFiles"]["Action"] == on_files["Files"] == on_files["FilesOfTenantsElsewhere"]
    assert given["WorkerLooksIntoTheBucket"]["Action"] == on_files["LookIntoTheBucket"] == on_files["BucketsOfTenantsElsewhere"]
    assert given["WebHandsOutFiles"]["Action"] == "s3:GetObject"


@pytest.mark.parametrize("path", [PORTAL, TENANT], ids=lambda path: path.name)
def test_quicksight_writes_below_the_prefix_of_jobs_alone(path):
    policy = read(path)["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]
    (writes,) = [one for one in statements(policy) if one["Sid"] == "QuickSightWritesReports"]

    assert writes["Resource"] == {"Fn::Sub": "${Bucket.Arn}/t/*"}
    assert set(writes["Action"]) == {"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}


@pytest.mark.parametrize("path", [PORTAL, TENANT], ids=lambda path: path.name)
def test_nobody_speaks_to_a_bucket_unencrypted_and_nothing_in_it_is_public(path):
    bucket, policy = (read(path)["Resources"][name]["Properties"] for name in ("Bucket", "BucketPolicy"))
    (denied,) = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]

    assert (denied["Principal"], denied["Action"]) == ("*", "s3:*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert denied["Resource"] == [{"Fn::GetAtt": "Bucket.Arn"}, {"Fn::Sub": "${Bucket.Arn}/*"}]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert [one["Sid"] for one in statements(policy["PolicyDocument"]) if one["Effect"] == "Allow" and one["Principal"] == "*"] == []
