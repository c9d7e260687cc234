"""The embedded PostgreSQL stays for whoever still uses it, and the one who started it leaves without a word."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from portal.local import ROOT

USER = """
import sys
from portal.local.postgres import Cluster
cluster = Cluster("shared", fast=True).acquire()
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def environment():
    state = Path(tempfile.mkdtemp(prefix="portal-shared-"))
    state.chmod(0o755)
    yield os.environ | {"PORTAL_STATE_DIR": str(state)}
    shutil.rmtree(state)


def user(environment) -> subprocess.Popen:
    """A process that says when it may use the cluster, and ends when it is told to. Python warns of all it finds wrong."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = subprocess.Popen([sys.executable, "-X", "dev", "-c", USER], cwd=ROOT, env=environment, text=True, **pipes)
    assert process.stdout.readline() == "ready\n"
    return process


def test_who_started_the_server_leaves_it_to_another_without_a_warning(environment):
    with user(environment) as first, user(environment) as second:
        _output, complaints = first.communicate("leave\n", timeout=30)
        still_there = second.poll() is None
        _output, of_the_last = second.communicate("leave\n", timeout=30)

    assert still_there
    assert "ResourceWarning" not in complaints + of_the_last
    assert (first.returncode, second.returncode) == (0, 0)
