"""What a release is made of: the list of what the image holds, and what stops a release that is not ready."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pretend_aws import ROOT

SHUT_UP = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
WHO = ["-c", "user.name=Somebody", "-c", "user.email=somebody@portal.example"]


def git(folder, *words):
    subprocess.run(["git", *WHO, *words], cwd=folder, check=True, capture_output=True, env=_environment())


def _environment():
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **SHUT_UP}


@pytest.fixture
def checkout(tmp_path):
    """A folder with a history of its own, whose `make sbom` writes a file at once."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "release", tmp_path / ".ci" / "release")
    (tmp_path / "Makefile").write_text("sbom:\n\t@mkdir -p dist && echo '{}' > dist/fanfold.cdx.json\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 2026.3 - 2026-11-26\n")
    (tmp_path / ".gitignore").write_text("/dist/\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "All of it")
    return tmp_path


def release(folder: Path, *version: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [".ci/release", *version], cwd=folder, capture_output=True, text=True, env=_environment(), timeout=60, check=False
    )


def test_the_list_of_what_the_image_holds_names_exactly_what_is_pinned(tmp_path):
    pytest.importorskip("cyclonedx_py", reason="of requirements-dev.txt, which `make check` installs")
    (recipe,) = re.findall(r"cyclonedx-py (requirements .*)\n", (ROOT / "Makefile").read_text())
    words = recipe.replace("dist/fanfold.cdx.json", str(tmp_path / "found.json")).split()
    subprocess.run([sys.executable, "-m", "cyclonedx_py", *words], cwd=ROOT, check=True, timeout=60)

    found = json.loads((tmp_path / "found.json").read_text())
    pinned = re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", (ROOT / "requirements-prod.txt").read_text(), re.M)
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    assert sorted((one["name"].lower(), one["version"]) for one in found["components"]) == sorted(pinned)
    assert "requirements-prod.txt" in (ROOT / "Dockerfile").read_text()
    # With the hashes that pip is held to.
    assert all(one["externalReferences"][0]["hashes"] for one in found["components"])


def test_a_release_is_its_source_its_list_and_checksums_of_both(checkout):
    done = release(checkout, "2026.3")

    assert done.returncode == 0, done.stderr
    files = {"fanfold-2026.3.cdx.json", "fanfold-2026.3.tar.gz"}
    assert {file.name for file in (checkout / "dist").iterdir()} == files | {"SHA256SUMS"}
    assert {line.split()[1] for line in (checkout / "dist" / "SHA256SUMS").read_text().splitlines()} == files
    assert "--build-arg RELEASE=2026.3" in done.stdout


@pytest.mark.parametrize("version", [(), ("next",), ("2026.3; ls",)])
def test_a_release_needs_a_number(checkout, version):
    done = release(checkout, *version)

    assert done.returncode == 1
    assert "make release VERSION=" in done.stderr
    assert not (checkout / "dist").exists()


def test_a_release_without_its_heading_in_the_changelog_is_refused(checkout):
    done = release(checkout, "2026.4")

    assert done.returncode == 1
    assert '"## 2026.4"' in done.stderr


def test_a_release_of_what_is_not_committed_is_refused(checkout):
    (checkout / "CHANGELOG.md").write_text("# Changelog\n\n## 2026.3\n\n- More.\n")

    done = release(checkout, "2026.3")

    assert done.returncode == 1
    assert "not committed" in done.stderr
    assert not (checkout / "dist").exists()


def test_the_image_tells_which_release_it_is():
    dockerfile = (ROOT / "Dockerfile").read_text()

    assert 'org.opencontainers.image.version="$RELEASE"' in dockerfile
    assert "PORTAL_RELEASE=$RELEASE" in dockerfile
