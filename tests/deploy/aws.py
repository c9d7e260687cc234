"""Starts the moto server of moto_server.py, and gives deploy/stack.py to it, for any test that needs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import requests

from tests.deploy.template import ROOT

REGION = "eu-central-1"
START = "from tests.deploy.moto_server import main; main()"
# A slow machine imports all of moto for a while, and makes a stack of seventy resources.
PATIENCE = 120


class Aws:
    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def environment(self) -> dict[str, str]:
        """With nothing of the developer's own."""
        own = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
        keys = {"AWS_ACCESS_KEY_ID": "moto", "AWS_SECRET_ACCESS_KEY": "moto", "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": self.url}
        return {"PATH": os.environ["PATH"]} | own | keys

    def client(self, service: str, keys: dict[str, str] | None = None) -> Any:
        told = keys or {"AccessKeyId": "moto", "SecretAccessKey": "moto", "SessionToken": None}
        return boto3.client(
            service,
            REGION,
            endpoint_url=self.url,
            aws_access_key_id=told["AccessKeyId"],
            aws_secret_access_key=told["SecretAccessKey"],
            aws_session_token=told["SessionToken"],
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "deploy/stack.py", "--every", "0.05", *words]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def up(self, *words: str) -> str:
        done = self.run("up", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def outputs(self, stack: str) -> dict[str, str]:
        (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}

    def parameters(self, stack: str) -> dict[str, str]:
        (found,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}

    @contextmanager
    def rights_are_looked_at(self) -> Iterator[None]:
        """Each call is refused that no policy allows."""
        requests.post(f"{self.url}/moto-api/reset-auth", data="0", timeout=10)
        try:
            yield
        finally:
            requests.post(f"{self.url}/moto-api/reset-auth", data="inf", timeout=10)


@contextmanager
def running() -> Iterator[Aws]:
    process = subprocess.Popen([sys.executable, "-c", START], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, "the moto server did not start"
        yield Aws(url)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
        if process.stdout:
            process.stdout.close()
