"""Starts the pretend AWS as its own process, for any test that needs one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from portal.local.aws.client import ControlClient
from portal.local.aws.options import ACCESS_KEY, SECRET_KEY

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT, REGION, BUCKET = "111122223333", "us-east-1", "fanfold-reports"


@dataclass
class Server:
    url: str
    process: subprocess.Popen[str]

    @cached_property
    def control(self) -> ControlClient:
        return ControlClient(self.url)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to talk to this server instead of AWS, and to nothing of the developer's own."""
        endpoints = {f"AWS_ENDPOINT_URL_{service}": self.url for service in ("QUICKSIGHT", "S3", "SESV2", "SQS", "STS")}
        keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_REGION": REGION}
        own = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
        return endpoints | keys | own | {"S3_PUBLIC_ENDPOINT_URL": self.url, "PORTAL_BUCKET": BUCKET}

    def client(self, service: str, *, region: str = REGION, keys: tuple[str, str] = (ACCESS_KEY, SECRET_KEY), **config: Any) -> Any:
        """A boto3 client that tries once and signs S3 with SigV4."""
        settings = {"signature_version": "s3v4", "s3": {"addressing_style": "path"}} if service == "s3" else {}
        settings |= {"retries": {"total_max_attempts": 1}, "read_timeout": 10} | config
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            config=Config(**settings),
        )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)
        if self.process.stdout:
            self.process.stdout.close()


def start_server(state: Path, **options: Any) -> Server:
    """`options` are the command line's: `slots=2, job_seconds=0.3, small_files=True`; `bucket` adds one."""
    arguments = [f"--state={state}", f"--bucket={BUCKET}"]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        arguments.append(flag if value is True else f"{flag}={value}")
    command = [sys.executable, "-m", "portal.local.aws", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if "http://" not in line:
        process.wait(timeout=10)
        raise RuntimeError(f"the pretend AWS did not start: {line!r}")
    return Server(line[line.index("http://") :].strip(), process)
