"""One POST to a host that a company named, against real receivers on loopback, which the operator allows by name and port."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest

from reports.outbound import posting
from reports.outbound.errors import AddressRefused, CannotConnect, CannotResolve, Dropped, NotEncrypted, TimedOut
from reports.refused import Refused
from tests.certificate import loopback_certificate
from tests.webhook import Receiver

BODY = b'{"id":"1"}'
NAME = "hooks.customer.example"


class Names:
    """A resolver that leads to `addresses`, one answer after the other, and counts."""

    def __init__(self, *addresses: str) -> None:
        self.addresses, self.asked = list(addresses), 0

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return [self.addresses[min(self.asked, len(self.addresses)) - 1]]


@pytest.fixture
def receiver(settings):
    with Receiver() as running:
        settings.PORTAL_OUTBOUND_ALLOW = [f"127.0.0.1:{running.port}", f"{NAME}:{running.port}"]
        yield running


@pytest.fixture
def secure_receiver(settings, tmp_path, monkeypatch):
    """It speaks TLS as localhost, and this process trusts its certificate."""
    certificate, key = loopback_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    posting._tls.cache_clear()
    with Receiver(context) as running:
        settings.PORTAL_OUTBOUND_ALLOW = [f"{host}:{running.port}" for host in ("localhost", "127.0.0.1", NAME)]
        yield running
    posting._tls.cache_clear()


def test_the_bytes_arrive_as_they_are(receiver):
    answer = posting.post(receiver.url + "?key=sesame", BODY, {"Content-Type": "application/json", "webhook-id": "7"})

    (got,) = receiver.received
    assert (answer.status, answer.retry_after) == (204, None)
    assert (got.body, got.headers["webhook-id"], got.headers["content-length"]) == (BODY, "7", str(len(BODY)))
    assert got.path.endswith("?key=sesame")


def test_a_redirect_is_an_answer_and_is_not_followed(receiver):
    receiver.answers(302)

    assert posting.post(receiver.url, BODY, {}).status == 302
    assert receiver.requests == 1


def test_a_proxy_of_the_environment_is_not_used(receiver, monkeypatch):
    for name in ("http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert posting.post(receiver.url, BODY, {}).status == 204


def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_asked_for_once(receiver):
    names = Names("127.0.0.1", "127.0.0.9")

    posting.post(f"http://{NAME}:{receiver.port}/", BODY, {}, resolve=names)

    assert (names.asked, receiver.received[0].headers["host"]) == (1, f"{NAME}:{receiver.port}")


def test_a_name_that_leads_elsewhere_by_the_time_of_the_call_is_refused_then():
    names = Names("93.184.216.34", "127.0.0.1")
    url = posting.check_url(f"https://{NAME}/", resolve=names)

    with pytest.raises(AddressRefused):
        posting.post(url, BODY, {}, resolve=names)


def test_the_next_address_is_tried_where_the_first_takes_nobody(receiver):
    answer = posting.post(f"http://{NAME}:{receiver.port}/", BODY, {}, resolve=lambda host, port: ["127.0.0.2", "::1", "127.0.0.1"])

    assert answer.status == 204


def test_tls_is_checked_against_the_name(secure_receiver):
    url = f"https://localhost:{secure_receiver.port}/"

    assert posting.post(url, BODY, {}, resolve=Names("127.0.0.1")).status == 204
    with pytest.raises(NotEncrypted, match=NAME):
        posting.post(f"https://{NAME}:{secure_receiver.port}/", BODY, {}, resolve=Names("127.0.0.1"))


def test_a_certificate_that_nobody_vouches_for_is_refused(secure_receiver, monkeypatch, tmp_path):
    (tmp_path / "others").mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(loopback_certificate(tmp_path / "others")[0]))
    posting._tls.cache_clear()

    with pytest.raises(NotEncrypted):
        posting.post(secure_receiver.url, BODY, {})
    assert secure_receiver.requests == 0


def test_a_receiver_without_tls_is_not_spoken_to(receiver):
    with pytest.raises((NotEncrypted, Dropped)):
        posting.post(receiver.url.replace("http:", "https:"), BODY, {})
    assert receiver.requests == 0


def test_nobody_listens(receiver):
    receiver.refuse()

    with pytest.raises(CannotConnect, match=str(receiver.port)):
        posting.post(receiver.url, BODY, {})
    receiver.listen()


@pytest.mark.parametrize("misbehave", [Receiver.hang, Receiver.drip])
def test_a_receiver_that_hangs_or_drips_is_left_after_the_whole_time(receiver, monkeypatch, misbehave):
    monkeypatch.setattr(posting, "TOTAL_SECONDS", 0.5)
    misbehave(receiver)

    with pytest.raises(TimedOut):
        posting.post(receiver.url, BODY, {})
    receiver.heal()


def test_what_is_no_http_counts_as_dropped(settings):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings.PORTAL_OUTBOUND_ALLOW = [f"127.0.0.1:{port}"]

        def answer() -> None:
            client, _address = server.accept()
            with client:
                client.recv(65536)
                client.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(Dropped):
            posting.post(f"http://127.0.0.1:{port}/", BODY, {})
        thread.join()


ODD = [f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", f"Mon, 01 Jan 2026 00:00:00 +{'9' * 20}"]


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("120", 120), ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("soon", None), ("-5", None), *((text, None) for text in ODD)],
)
def test_what_the_receiver_asks_for_is_read(receiver, told, seconds):
    receiver.answers(503, {"Retry-After": told})

    assert posting.post(receiver.url, BODY, {}).retry_after == seconds


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.customer.example/",
        "https://hooks.customer.example:8443/",
        "https://user:password@hooks.customer.example/",
        "https://hooks.customer.example@evil.example/",
        "ftp://hooks.customer.example/",
        "hooks.customer.example",
        "https://",
        "https:///path",
        "https://hooks customer.example/",
        "https://hooks.customer.example\\@evil.example/",
        "https://hooks.customer.example/\r\nX-Evil: 1",
        "https://b\u00fccher.example/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://host:99999/",
        "https://-host/",
        "https://hooks.customer.example/" + "x" * 1000,
    ],
)
def test_a_url_that_cannot_be_called_is_refused_before_anybody_is_asked(url):
    names = Names("93.184.216.34")

    with pytest.raises(Refused) as refused:
        posting.check_url(url, resolve=names)

    assert (refused.value.code, refused.value.places[0].path) == ("address_refused", ("url",))
    assert names.asked == 0


@pytest.mark.parametrize("url", ["https://hooks.customer.example", "https://HOOKS.customer.example.:443/a?b=c", "https://93.184.216.34/x"])
def test_a_public_one_over_https_is_taken(url):
    assert posting.check_url(url, resolve=Names("93.184.216.34")) == url


def test_whoever_names_an_address_hears_why_it_is_refused():
    with pytest.raises(Refused, match="not public"):
        posting.check_url("https://hooks.customer.example/", resolve=Names("169.254.169.254"))
    with pytest.raises(Refused, match="not found"):
        posting.check_url("https://no-such-host.invalid/")


def test_errors_hold_no_part_of_the_url_but_its_host():
    with pytest.raises(CannotResolve) as error:
        posting.post("https://no-such-host.invalid/services/the-secret?key=sesame", BODY, {})

    assert "secret" not in str(error.value)
    assert "sesame" not in str(error.value)


@pytest.mark.parametrize("length", [b"-1", b"-5"])
def test_a_chunk_of_less_than_nothing_is_not_read_without_an_end(settings, monkeypatch, length):
    monkeypatch.setattr(posting, "TOTAL_SECONDS", 3.0)
    flood, sent = bytes(1024 * 1024), []

    def answer() -> None:
        taken, _address = listening.accept()
        with taken:
            taken.settimeout(10)
            taken.recv(64 * 1024)
            try:
                taken.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + length + b"\r\n")
                while len(sent) < 1000:
                    taken.sendall(flood)
                    sent.append(len(flood))
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        settings.PORTAL_OUTBOUND_ALLOW = [f"127.0.0.1:{port}"]
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        told = posting.post(f"http://127.0.0.1:{port}/", BODY, {})
        thread.join(15)

    assert told.status == 200
    # What lies in the buffers of the connection is not ours to bound.
    assert len(sent) < 32
