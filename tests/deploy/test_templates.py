"""The templates' words: what is described, kept apart, kept, and how long who may take to stop. What moto can apply is in test_stack.py."""

from __future__ import annotations

import re

import pytest

from portal import gunicorn, supervisor
from tenants import roles
from tests.deploy.template import PORTAL, ROOT, TENANT, of_type, read

TEMPLATE = read(PORTAL)
TASKS = of_type(TEMPLATE, "AWS::ECS::TaskDefinition")
CONTAINERS = {name: task["ContainerDefinitions"][0] for name, task in TASKS.items()}
# Which role starts it, and which logins it knows.
STARTED_BY = {
    "WebTask": "WebStart",
    "WorkerTask": "WorkerStart",
    "OverdueTask": "WorkerStart",
    "MigrateTask": "MigrateStart",
    "CommandTask": "CommandStart",
}
LOGINS = {
    "WebTask": {roles.WEB},
    "WorkerTask": {roles.WORKER},
    "OverdueTask": {roles.WORKER},
    "CommandTask": {roles.WORKER},
    "MigrateTask": {roles.WEB, roles.WORKER, roles.OWNER},
}
# What libpq reads, and what the first platform file names by secret_env and password_env.
NO_SETTINGS = {"PGPASSWORD", "FIRST_KEY", "FIRST_PASSWORD"}


def secrets(container):
    """The template's expression by name."""
    found = [one["Fn::If"][1] if "Fn::If" in one else one for one in container["Secrets"]]
    return {one["Name"]: one["ValueFrom"] for one in found}


def plain(container):
    return {one["Name"]: one["Value"] for one in container["Environment"]}


def names_in(value):
    """Of parameters and resources that an expression refers to."""
    if isinstance(value, dict):
        return {value["Ref"]} if "Ref" in value else {name for one in value.values() for name in names_in(one)}
    return {name for one in value for name in names_in(one)} if isinstance(value, list) else set()


@pytest.mark.parametrize("path", [PORTAL, TENANT], ids=lambda path: path.name)
def test_every_parameter_and_every_output_says_what_it_is(path):
    template = read(path)

    assert [name for part in ("Parameters", "Outputs") for name, one in template[part].items() if not one.get("Description")] == []


@pytest.mark.parametrize("path", [PORTAL, TENANT], ids=lambda path: path.name)
def test_a_template_is_small_enough_to_be_sent_without_a_bucket(path):
    assert len(path.read_bytes()) <= 51_200


def test_every_setting_is_in_the_example_environment():
    listed = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    named = {name for container in CONTAINERS.values() for name in plain(container) | secrets(container)}
    told = set(re.findall(r"^([A-Z0-9_]+)=", TEMPLATE["Outputs"]["Environment"]["Value"]["Fn::Sub"][0], re.M))

    assert {"PORTAL_BASE_URL", "PORTAL_BUCKET"} <= told
    assert (named | told) - listed - NO_SETTINGS == set()


@pytest.mark.parametrize("task", TASKS)
def test_each_task_knows_the_urls_of_its_own_logins_and_no_other(task):
    known = secrets(CONTAINERS[task])

    assert {login for login, name in roles.URL_VARIABLES.items() if name in known} == LOGINS[task]
    assert ("PGPASSWORD" in known) is (task == "MigrateTask")


@pytest.mark.parametrize("task", TASKS)
def test_the_role_that_starts_a_task_reads_the_secrets_of_that_task_and_no_other(task):
    start = TEMPLATE["Resources"][STARTED_BY[task]]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (reads,) = [one["Resource"] for one in start if one["Action"] == "secretsmanager:GetSecretValue"]

    assert TASKS[task]["ExecutionRoleArn"] == {"Fn::GetAtt": f"{STARTED_BY[task]}.Arn"}
    assert names_in(reads) - {"AWS::NoValue"} == {name for value in secrets(CONTAINERS[task]).values() for name in names_in(value)}


def test_no_secret_stands_in_the_plain_environment_and_none_in_the_template():
    for container in CONTAINERS.values():
        assert [name for name in plain(container) if re.search("PASSWORD|SECRET|TOKEN|KEY|DATABASE|WEBHOOK", name)] == []
    for name, secret in of_type(TEMPLATE, "AWS::SecretsManager::Secret").items():
        # A URL takes its password from another secret, when it is made; the webhook's address is a parameter that is never shown.
        text = str(secret.get("SecretString", ""))
        assert "GenerateSecretString" in secret or "{{resolve:secretsmanager:${" in text or text == "{'Ref': 'AlertWebhook'}", name
    assert TEMPLATE["Parameters"]["AlertWebhook"]["NoEcho"] is True


def test_a_stop_leaves_more_time_than_the_processes_take():
    assert CONTAINERS["WebTask"]["StopTimeout"] > gunicorn.graceful_timeout
    assert CONTAINERS["WorkerTask"]["StopTimeout"] > supervisor.STOP_SECONDS


def test_the_balancer_asks_readyz_by_an_address_that_web_answers_to():
    (targets,) = of_type(TEMPLATE, "AWS::ElasticLoadBalancingV2::TargetGroup").values()
    command = CONTAINERS["WebTask"]["Command"][2]

    assert (targets["HealthCheckPath"], targets["Port"]) == ("/readyz", CONTAINERS["WebTask"]["PortMappings"][0]["ContainerPort"])
    # Health checks have the task's own address as their host.
    assert 'ALLOWED_HOSTS="$ALLOWED_HOSTS,$(hostname -i)" exec gunicorn --config=python:portal.gunicorn' in command
    assert plain(CONTAINERS["WebTask"])["TRUSTED_PROXY_HOPS"] == "1"


def test_only_the_balancer_is_reached_from_outside():
    open_to_all = {
        name
        for name, group in of_type(TEMPLATE, "AWS::EC2::SecurityGroup").items()
        if any("CidrIp" in rule for rule in group.get("SecurityGroupIngress", ()))
    }

    assert open_to_all == {"BalancerGroup"}
    assert "SecurityGroupIngress" not in TEMPLATE["Resources"]["WorkerGroup"]["Properties"]


def test_the_database_is_private_encrypted_backed_up_and_hard_to_lose():
    database = TEMPLATE["Resources"]["Database"]
    wanted = {"PubliclyAccessible": False, "StorageEncrypted": True, "BackupRetentionPeriod": 35}

    assert {name: database["Properties"][name] for name in wanted} == wanted
    # From when it is used: until then a first `up` that fails has to be able to undo it.
    assert database["Properties"]["DeletionProtection"] == {"Fn::If": ["Runs", True, False]}
    assert (database["DeletionPolicy"], database["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
    parameters = TEMPLATE["Resources"]["DatabaseParameters"]["Properties"]
    assert parameters["Parameters"] == {"log_min_error_statement": "panic", "rds.force_ssl": "1"}
    assert parameters["Family"] == f"postgres{database['Properties']['EngineVersion']}"
    routed = {one["SubnetId"]["Ref"] for one in of_type(TEMPLATE, "AWS::EC2::SubnetRouteTableAssociation").values()}
    assert routed & {one["Ref"] for one in TEMPLATE["Resources"]["DatabaseSubnets"]["Properties"]["SubnetIds"]} == set()


def test_the_database_runs_the_release_of_postgresql_that_compose_runs():
    (release,) = re.findall(r"image: postgres:(\d+)", (ROOT / "compose.yaml").read_text())

    assert TEMPLATE["Resources"]["Database"]["Properties"]["EngineVersion"] == release


def test_what_holds_data_outlives_its_stack():
    def kept(template):
        policies = {name: (one.get("DeletionPolicy"), one.get("UpdateReplacePolicy")) for name, one in template["Resources"].items()}
        # But for a first `up` that failed: nobody has written anything there.
        return {name for name, both in policies.items() if both == ("RetainExceptOnCreate", "Retain")}

    assert kept(TEMPLATE) == {"Bucket", "BucketPolicy", "SecretKey", "WebLog", "WorkerLog"}
    assert kept(read(TENANT)) == {"Bucket", "BucketPolicy"}


def test_all_but_the_files_and_their_rights_waits_for_compute():
    always = {name for name, one in TEMPLATE["Resources"].items() if "Condition" not in one}

    assert always == {
        *("EventQueue", "EventDeadLetters", "EventRule", "EventQueuePolicy"),
        *("WebPolicy", "WorkerPolicy", "WebRole", "WorkerRole"),
    }
