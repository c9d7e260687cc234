"""The release before this one, out of the repository's own history: the commit that `.ci/previous-release` names."""

from __future__ import annotations

import compileall
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.pretend_aws import ROOT

PACKAGES = ("portal", "reports", "tenants")
# Its worker's processes each read all of the code with a task in hand, which on a busy machine takes longer than they are given; later
# releases read it before. Its own tests' settings do so too, and without a trap named they change nothing.
READY = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}
NAMED = ROOT / ".ci" / "previous-release"


@pytest.fixture(scope="session")
def previous_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its files, as they were. Runs with the packages of today."""
    commit = NAMED.read_text().strip()
    if not _git("cat-file", "-e", f"{commit}^{{commit}}"):
        pytest.skip(f"The history here does not reach back to {commit[:12]}, the release before: `git fetch --unshallow` brings it.")
    done = _git("archive", "--format=tar", commit)
    assert done, f"git archive {commit} failed"
    folder = tmp_path_factory.mktemp("previous-release")
    with tarfile.open(fileobj=BytesIO(done.stdout)) as files:
        files.extractall(folder, filter="data")
    for package in PACKAGES:
        # As in an image: else each of a worker's many processes would do so at once.
        compileall.compile_dir(folder / package, quiet=2)
    return folder


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    """None for a command that failed, or where there is no git."""
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
