"""Files for an SFTP server appear whole or not at all, once, and on no other server than the pinned one. Against a real server."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import pytest

from reports.delivery import sftp
from reports.delivery.channel import Refused, Shipment, ShippedFile, Stops, TryLater
from reports.delivery.sftp import Sftp
from reports.destinations.config import SftpConfig
from tests.sftp_server import PASSWORD, SftpPeer

BIG = bytes(range(256)) * 20_000


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings):
    settings.PORTAL_OUTBOUND_ALLOW = ["127.0.0.1"]


@pytest.fixture
def peer(tmp_path):
    (tmp_path / "server" / "in").mkdir(parents=True)
    with SftpPeer(tmp_path / "server") as running:
        yield running


@dataclass
class Row:
    """What a delivery's row remembers of tries."""

    id: uuid.UUID = field(default_factory=uuid.uuid4)
    placing: dict[str, str] = field(default_factory=dict)
    placed: dict[str, str] = field(default_factory=dict)

    def shipment(self, folder: Path, *files: tuple[str, bytes], into: str = "/in") -> Shipment:
        shipped = [shipped_file(folder, name, content) for name, content in files]
        missing = [file for file in shipped if file.id not in self.placed]
        return Shipment(self.id, into, missing, self.placing, self.placing.__setitem__, self.placed.__setitem__)


def shipped_file(folder: Path, name: str, content: bytes) -> ShippedFile:
    local = folder / f"local-{name}"
    local.write_bytes(content)
    return ShippedFile(f"id-{name}", name, local, len(content), hashlib.sha256(content).digest())


def channel(peer: SftpPeer, **changes: object) -> Sftp:
    return Sftp(SftpConfig(**peer.config | changes), PASSWORD)


def test_files_arrive_under_their_names(peer, tmp_path):
    row = Row()

    channel(peer).send(row.shipment(tmp_path, ("calls.pdf", BIG), ("calls.csv", b"a,b\n1,2\n")))

    assert peer.files() == {"calls.pdf": BIG, "calls.csv": b"a,b\n1,2\n"}
    assert row.placed == {"id-calls.pdf": "/in/calls.pdf", "id-calls.csv": "/in/calls.csv"}
    assert peer.hidden() == []


def test_with_our_key_in_place_of_a_password(peer, tmp_path):
    key = asyncssh.generate_private_key("ssh-ed25519")
    peer.user_key = key.convert_to_public()

    Sftp(SftpConfig(**peer.config | {"sign_in": "key"}), key.export_private_key().decode()).send(
        Row().shipment(tmp_path, ("calls.csv", b"1"))
    )

    assert peer.files() == {"calls.csv": b"1"}


def test_whoever_looks_at_the_folder_never_sees_half_a_file(peer, tmp_path):
    channel(peer).send(Row().shipment(tmp_path, ("calls.pdf", BIG)))

    assert peer.shown == [("calls.pdf", len(BIG))]


def test_a_connection_that_is_cut_in_mid_file_leaves_nothing_to_be_seen_and_the_next_try_sends_it_once(peer, tmp_path):
    row = Row()
    peer.cut_after(len(BIG) // 2)

    with pytest.raises(TryLater) as cut:
        channel(peer).send(row.shipment(tmp_path, ("calls.pdf", BIG)))
    seen, half = peer.files(), peer.hidden()
    peer.heal()
    channel(peer).send(row.shipment(tmp_path, ("calls.pdf", BIG)))

    assert (cut.value.code, cut.value.unknown, seen) == ("server_dropped", False, {})
    assert half == [f".{row.id}-id-calls.pdf.part"]
    assert peer.files() == {"calls.pdf": BIG}
    assert peer.hidden() == []
    assert peer.shown == [("calls.pdf", len(BIG))]


def test_a_lost_answer_to_the_renaming_doubles_nothing(peer, tmp_path):
    """The file has its name, and nobody told us."""
    row = Row()
    peer.drops_after("rename")

    with pytest.raises(TryLater) as lost:
        channel(peer).send(row.shipment(tmp_path, ("calls.pdf", BIG)))
    channel(peer).send(row.shipment(tmp_path, ("calls.pdf", BIG)))

    assert (lost.value.code, lost.value.unknown) == ("server_dropped", True)
    assert peer.files() == {"calls.pdf": BIG}
    assert row.placed == {"id-calls.pdf": "/in/calls.pdf"}
    assert peer.asked["rename"] == 1


def test_a_lost_answer_doubles_nothing_where_the_first_name_was_somebody_elses(peer, tmp_path):
    (peer.folder / "in" / "calls.pdf").write_bytes(b"of yesterday")
    row = Row()
    peer.drops_after("rename")

    with pytest.raises(TryLater):
        channel(peer).send(row.shipment(tmp_path, ("calls.pdf", BIG)))
    channel(peer).send(row.shipment(tmp_path, ("calls.pdf", BIG)))

    assert peer.files() == {"calls.pdf": b"of yesterday", "calls-2.pdf": BIG}


def test_what_arrived_of_several_files_is_not_sent_again(peer, tmp_path):
    row = Row()
    files = (("calls.pdf", BIG), ("calls.csv", b"1"))
    peer.drops_after("rename")

    with pytest.raises(TryLater):
        channel(peer).send(row.shipment(tmp_path, *files))
    channel(peer).send(row.shipment(tmp_path, *files))

    assert peer.files() == dict(files)
    assert sorted(peer.shown) == [("calls.csv", 1), ("calls.pdf", len(BIG))]


def test_a_file_that_is_there_is_never_written_over(peer, tmp_path):
    (peer.folder / "in" / "calls.csv").write_bytes(b"theirs")
    (peer.folder / "in" / "calls-2.csv").write_bytes(b"theirs, too")

    channel(peer).send(Row().shipment(tmp_path, ("calls.csv", b"ours")))

    assert peer.files() == {"calls.csv": b"theirs", "calls-2.csv": b"theirs, too", "calls-3.csv": b"ours"}


def test_a_name_that_is_taken_between_the_look_and_the_renaming_gets_a_number(peer, tmp_path, monkeypatch):
    """Two of our hosts, or their own program."""
    row = Row()

    def taken_meanwhile(file_id: str, path: str) -> None:
        row.placing[file_id] = path
        if path == "/in/calls.csv":
            (peer.folder / "in" / "calls.csv").write_bytes(b"theirs")

    shipment = row.shipment(tmp_path, ("calls.csv", b"ours"))
    channel(peer).send(Shipment(row.id, "/in", shipment.files, {}, taken_meanwhile, row.placed.__setitem__))

    assert peer.files() == {"calls.csv": b"theirs", "calls-2.csv": b"ours"}
    assert row.placed == {"id-calls.csv": "/in/calls-2.csv"}


def test_folders_of_a_pattern_are_made(peer, tmp_path):
    channel(peer).send(Row().shipment(tmp_path, ("calls.csv", b"1"), into="/in/2026/11"))

    assert peer.files("in/2026/11") == {"calls.csv": b"1"}


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_another_host_key_stops_before_anything_is_told_to_the_server(kind, peer, tmp_path):
    """Also one of another kind, of which the pinned one says nothing."""
    to_the_pinned_one = channel(peer)
    peer.change_host_key(kind)

    with pytest.raises(Stops) as stops:
        to_the_pinned_one.send(Row().shipment(tmp_path, ("calls.csv", b"1")))

    assert stops.value.code == "host_key_changed"
    assert "SHA256:" in stops.value.answer
    assert (peer.sign_ins, peer.files(), peer.hidden()) == (0, {}, [])


def test_nothing_is_sent_to_a_server_whose_key_nobody_pinned(peer, tmp_path):
    with pytest.raises(Stops) as stops:
        channel(peer, host_key="").send(Row().shipment(tmp_path, ("calls.csv", b"1")))

    assert (stops.value.code, peer.sign_ins) == ("host_key_missing", 0)


def test_a_server_that_lets_us_not_in_is_tried_later(peer, tmp_path):
    peer.locked = True

    with pytest.raises(TryLater) as refused:
        channel(peer).send(Row().shipment(tmp_path, ("calls.csv", b"1")))

    assert refused.value.code == "sign_in_refused"
    assert PASSWORD not in str(refused.value.answer)


@pytest.mark.parametrize("operation", ["open", "write", "rename"])
def test_a_server_that_hangs_is_not_waited_for(operation, peer, tmp_path, monkeypatch):
    monkeypatch.setattr(sftp, "IDLE_SECONDS", 0.5)
    peer.hangs_at(operation)

    with pytest.raises(TryLater) as hangs:
        channel(peer).send(Row().shipment(tmp_path, ("calls.csv", b"1")))

    assert hangs.value.code == "server_silent"
    assert peer.files() == {}


@pytest.mark.parametrize(
    ("operation", "error", "code"),
    [
        ("open", asyncssh.SFTPPermissionDenied("no"), "not_permitted"),
        ("open", asyncssh.SFTPNoSuchFile("no"), "folder_missing"),
        ("write", asyncssh.SFTPFailure("no room"), "refused_by_server"),
        ("rename", asyncssh.SFTPPermissionDenied("no"), "not_permitted"),
    ],
)
def test_what_a_server_refuses_has_a_reason_and_shows_nothing(operation, error, code, peer, tmp_path):
    peer.refuses(operation, error)

    with pytest.raises(TryLater) as refused:
        channel(peer).send(Row().shipment(tmp_path, ("calls.csv", b"1")))

    assert refused.value.code == code
    assert peer.files() == {}


def test_nobody_listens(peer, tmp_path):
    peer.refuse()

    with pytest.raises(TryLater) as refused:
        channel(peer).send(Row().shipment(tmp_path, ("calls.csv", b"1")))
    peer.listen()

    assert refused.value.code == "server_unreachable"


def test_a_private_address_is_not_called(peer, tmp_path, settings):
    settings.PORTAL_OUTBOUND_ALLOW = []

    with pytest.raises(TryLater) as refused:
        channel(peer).send(Row().shipment(tmp_path, ("calls.csv", b"1")))

    assert (refused.value.code, peer.sign_ins) == ("address_refused", 0)


def test_a_pattern_that_gives_everything_one_name_ends(peer, tmp_path, monkeypatch):
    monkeypatch.setattr(sftp, "MOST_NUMBERS", 3)
    for name in ("calls.csv", "calls-2.csv", "calls-3.csv"):
        (peer.folder / "in" / name).write_bytes(b"theirs")

    with pytest.raises(Refused) as refused:
        channel(peer).send(Row().shipment(tmp_path, ("calls.csv", b"ours")))

    assert refused.value.code == "name_taken"
    assert peer.hidden() == []


def test_a_test_that_works_leaves_nothing_behind(peer):
    steps = channel(peer).test()

    assert [(step.step, step.state) for step in steps] == [(step, "ok") for step in ("name", "connection", "host_key", "sign_in", "write")]
    assert (peer.files(), peer.hidden()) == ({}, [])


def test_a_test_shows_the_step_that_failed_and_those_that_were_not_reached(peer):
    peer.locked = True

    steps = channel(peer).test()

    assert [step.state for step in steps] == ["ok", "ok", "ok", "failed", "skipped"]
    assert PASSWORD not in " ".join(step.text for step in steps)


def test_what_a_server_says_in_a_test_can_be_stored_and_is_cut(peer):
    peer.refuses("rename", asyncssh.SFTPFailure("no\x00 " + "blah " * 5000))

    text = channel(peer).test()[-1].text

    assert "\x00" not in text
    assert len(text) < 1000


def test_a_test_of_a_changed_host_key_fails_there(peer):
    to_the_pinned_one = channel(peer)
    peer.change_host_key()

    steps = to_the_pinned_one.test()

    assert [step.state for step in steps] == ["ok", "ok", "failed", "skipped", "skipped"]
    assert "SHA256:" in steps[2].text
