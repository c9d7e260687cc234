"""moto as a server that CloudFormation templates can be applied to. `main` prints its address; it is called from another module, because
moto reads a service's name out of the module's.

What moto's CloudFormation leaves out of our templates is made here by the public API of the same server:
- bucket policies, queue policies and secrets, of which it has no type
- of a bucket all but its encryption, and the managed policies of a role
- AWS::NoValue in a list, attributes with a dot in their name, and the name of a group of database parameters
- in updates, defaults of parameters that stay as they are, and what depends on a condition
- switching the protection of a stack off and on
Left out by both are what the load balancer, the containers and the database do: moto knows their settings only. Rules of a template are
not evaluated, and dynamic references stay as they are. cfn-lint and tests/deploy/test_templates.py read those.
"""

from __future__ import annotations

import json
import re
import sys
from types import ModuleType
from typing import Any

# moto's CloudFormation imports every service, and API Gateway's wants a validator of OpenAPI that nothing here uses.
for name in ("", ".validation", ".validation.exceptions"):
    module = ModuleType(f"openapi_spec_validator{name}")
    module.__dict__.update(validate=None, OpenAPIValidationError=ValueError)
    sys.modules[module.__name__] = module

import boto3  # noqa: E402
from moto.cloudformation import parsing  # noqa: E402
from moto.cloudformation.models import CloudFormationBackend  # noqa: E402
from moto.cloudformation.responses import CloudFormationResponse  # noqa: E402
from moto.core.common_models import CloudFormationModel  # noqa: E402
from moto.core.responses import EmptyResult  # noqa: E402
from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition  # noqa: E402
from moto.iam.models import Role  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app  # noqa: E402
from moto.rds.models import DBParameterGroup  # noqa: E402
from moto.s3.models import FakeBucket  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402


class Here:
    """The server's own address, for what is made by its public API."""

    url = ""

    @classmethod
    def client(cls, service: str, region: str) -> Any:
        return boto3.client(service, region, endpoint_url=cls.url, aws_access_key_id="moto", aws_secret_access_key="moto")


class Made:
    """A resource of a type that moto does not have. moto finds the classes that name its own among their bases."""

    kind = ""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def physical_resource_id(self) -> str:
        return self.name

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.kind

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Made:
        return cls(cls.make(resource_name, cloudformation_json["Properties"], region_name))

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Made, new_resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> Made:
        return original_resource

    def delete(self, account_id: str, region_name: str) -> None:
        pass

    @staticmethod
    def make(name: str, properties: dict[str, Any], region: str) -> str:
        raise NotImplementedError


class BucketPolicy(Made, CloudFormationModel):
    kind = "AWS::S3::BucketPolicy"

    @staticmethod
    def make(name: str, properties: dict[str, Any], region: str) -> str:
        Here.client("s3", region).put_bucket_policy(Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"]))
        return str(properties["Bucket"])


class QueuePolicy(Made, CloudFormationModel):
    kind = "AWS::SQS::QueuePolicy"

    @staticmethod
    def make(name: str, properties: dict[str, Any], region: str) -> str:
        for queue in properties["Queues"]:
            attributes = {"Policy": json.dumps(properties["PolicyDocument"])}
            Here.client("sqs", region).set_queue_attributes(QueueUrl=queue, Attributes=attributes)
        return name


class Secret(Made, CloudFormationModel):
    kind = "AWS::SecretsManager::Secret"

    @staticmethod
    def make(name: str, properties: dict[str, Any], region: str) -> str:
        client = Here.client("secretsmanager", region)
        wanted = properties.get("GenerateSecretString")
        value = client.get_random_password(**wanted)["RandomPassword"] if wanted else properties["SecretString"]
        return str(client.create_secret(Name=name, SecretString=value)["ARN"])


def _then(plain: Any, finish: Any) -> Any:
    """As moto makes it, and then what it left out, by `finish(name, properties, region)`."""

    def create(cls: Any, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any) -> Any:
        made = plain.__func__(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)
        finish(made.name, cloudformation_json["Properties"], region_name)
        return made

    return classmethod(create)


def _finish_role(role: str, properties: dict[str, Any], region: str) -> None:
    for arn in properties.get("ManagedPolicyArns", ()):
        Here.client("iam", region).attach_role_policy(RoleName=role, PolicyArn=arn)


def _finish_bucket(bucket: str, properties: dict[str, Any], region: str) -> None:
    s3 = Here.client("s3", region)
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=properties["OwnershipControls"])
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=properties["PublicAccessBlockConfiguration"])
    rules = [_rule(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=_told(properties["NotificationConfiguration"]))


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    """The API calls some things differently than CloudFormation."""
    rule = dict(rule)
    api = {"ID": rule.pop("Id"), "Filter": {"Prefix": rule.pop("Prefix", "")}}
    if days := rule.pop("ExpirationInDays", None):
        api["Expiration"] = {"Days": int(days)}
    if rule.pop("ExpiredObjectDeleteMarker", None):
        api["Expiration"] = {"ExpiredObjectDeleteMarker": True}
    return api | rule


def _told(configuration: dict[str, Any]) -> dict[str, Any]:
    queues = [
        {"Events": [one["Event"]], "QueueArn": one["Queue"], "Filter": {"Key": {"FilterRules": one["Filter"]["S3Key"]["Rules"]}}}
        for one in configuration.get("QueueConfigurations", ())
    ]
    return ({"EventBridgeConfiguration": {}} if "EventBridgeConfiguration" in configuration else {}) | {"QueueConfigurations": queues}


def _read_rightly(plain: Any) -> Any:
    def clean(given: Any, resources: Any) -> Any:
        if isinstance(given, dict) and len(wanted := given.get("Fn::GetAtt", ())) > 2:
            given = {"Fn::GetAtt": [wanted[0], ".".join(wanted[1:])]}
        cleaned = plain(given, resources)
        return [one for one in cleaned if one is not None] if isinstance(given, list) else cleaned

    return clean


def _deleted_as_its_policy_says(plain: Any) -> Any:
    """What is to be kept is kept, and a database leaves its snapshot. A network stays: moto's route tables do not go with their stack."""

    def delete(self: Any, resource: Any, described: Any) -> None:
        if described.get("DeletionPolicy") == "RetainExceptOnCreate":
            return
        if described.get("DeletionPolicy") == "Snapshot":
            name = resource.physical_resource_id
            Here.client("rds", self._region_name).create_db_snapshot(DBInstanceIdentifier=name, DBSnapshotIdentifier=f"{name}-end")
        if described["Type"] == "AWS::IAM::Role":
            for arn in list(resource.managed_policies):
                Here.client("iam", self._region_name).detach_role_policy(RoleName=resource.name, PolicyArn=arn)
        if described["Type"] != "AWS::EC2::VPC":
            plain(self, resource, described)

    return delete


def _in_force(resources: Any) -> dict[str, str]:
    """Parameters as they were given, or by default."""
    return {name: ",".join(had) if isinstance(had, list) else str(had) for name, had in resources.resolved_parameters.items()}


def _parameters_of_an_update(self: Any, instance: Any, incoming_params: list[dict[str, Any]]) -> dict[str, str]:
    before = _in_force(instance.resource_map)
    return {one["ParameterKey"]: one.get("ParameterValue", before.get(one["ParameterKey"], "")) for one in incoming_params}


def _what_changed(plain: Any) -> Any:
    """By parameters that have another value now; also what depends on them by a condition alone."""

    def difference(self: Any, other_template: Any, parameters: Any = None) -> Any:
        before = _in_force(self)
        changed = {name: value for name, value in (parameters or {}).items() if before.get(name) != value}
        for described in other_template["Resources"].values():
            described.setdefault("Properties", {})
        found = plain(self, other_template, changed)
        named = {name for name, condition in other_template.get("Conditions", {}).items() if set(changed) & _words(condition)}
        found["Modify"] += [
            name for name, described in other_template["Resources"].items() if name not in found["Modify"] and named & _words(described)
        ]
        return found

    return difference


def _words(value: Any) -> set[str]:
    return set(re.findall(r"\w+", json.dumps(value)))


def _kept_where_it_has_no_update(plain: Any) -> Any:
    def update(logical_id: str, described: Any, resources: Any, *rest: Any, **names: Any) -> Any:
        if (condition := described.get("Condition")) and not resources.lazy_condition_map[condition]:
            return None
        return plain(logical_id, described, resources, *rest, **names) or resources[logical_id]

    return update


def _update_termination_protection(self: Any) -> Any:
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection")
    return EmptyResult()


def _made_anew(cls: Any, original_resource: Any, *made: Any, **how: Any) -> Any:
    """Its own update keeps CloudFormation's spelling of names, which boto3 does not read."""
    how["resource_name"] = how.pop("new_resource_name")
    return cls.create_from_cloudformation_json(*made, **how)


def main() -> None:
    parsing.clean_json = _read_rightly(parsing.clean_json)
    for model, finish in ((FakeBucket, _finish_bucket), (Role, _finish_role)):
        model.create_from_cloudformation_json = _then(model.__dict__["create_from_cloudformation_json"], finish)
    DBParameterGroup.physical_resource_id = property(lambda group: group.name)
    parsing.parse_and_update_resource = _kept_where_it_has_no_update(parsing.parse_and_update_resource)
    parsing.ResourceMap.build_resource_diff = _what_changed(parsing.ResourceMap.build_resource_diff)
    CloudFormationBackend._resolve_update_parameters = _parameters_of_an_update
    parsing.ResourceMap._delete_resource = _deleted_as_its_policy_says(parsing.ResourceMap._delete_resource)
    TaskDefinition.update_from_cloudformation_json = classmethod(_made_anew)
    # It adds up the memory of containers, which those of Fargate need not have.
    EC2ContainerServiceBackend._calculate_task_resource_requirements = lambda backend, task: {}
    CloudFormationResponse.update_termination_protection = _update_termination_protection
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True, request_handler=MotoRequestHandler)
    Here.url = f"http://127.0.0.1:{server.port}"
    print(Here.url, flush=True)
    server.serve_forever()
