"""docs/aws.md: each command of deploy/stack.py that it names is understood, and each parameter exists."""

from __future__ import annotations

import re
import shlex

import pytest

from deploy import stack
from tests.deploy.template import PORTAL, ROOT, TENANT, read

PAGE = (ROOT / "docs" / "aws.md").read_text()
STEPS = read(PORTAL)["Outputs"]["FirstSteps"]["Value"]["Fn::Sub"].replace("${AWS::StackName}", "fanfold")
FENCED = "".join(re.findall(r"^```\n(.*?)^```", PAGE, re.M | re.S)).replace("\\\n", " ")
COMMANDS = [line.split("deploy/stack.py ")[1].split(" > ")[0] for line in (FENCED + STEPS).splitlines() if "deploy/stack.py " in line]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_is_understood(command):
    given = stack.arguments(shlex.split(command))

    template = TENANT if "tenant-bucket" in command else PORTAL
    assert set(given.parameters) <= set(read(template)["Parameters"])


def test_the_page_goes_through_every_command():
    inline = re.findall(r"`[^`\n]*deploy/stack\.py ([^`\n]*)`", PAGE)

    words = {word for command in [*COMMANDS, *inline] for word in command.split()}
    assert words >= {"up", "show", "apply", "manage", "down"}


def test_outputs_and_parameters_that_the_page_names_exist():
    template = read(PORTAL)
    known = set(template["Outputs"]) | set(template["Parameters"]) | set(read(TENANT)["Outputs"]) | set(template["Resources"])

    named = {word for word in re.findall(r"`([A-Z][a-z]+(?:[A-Z][A-Za-z]*)?)`", PAGE)}
    assert named - known == set()
