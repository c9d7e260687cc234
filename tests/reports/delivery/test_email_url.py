from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from reports.delivery.email_url import read

FROM = "from=reports@mail.example"


def test_smtp_with_a_login():
    setup = read(f"smtp://portal:p%40ss@mail.example?{FROM}&rate=14")

    assert setup is not None
    assert (setup.host, setup.port, setup.user, setup.password) == ("mail.example", 587, "portal", "p@ss")
    assert (setup.sender, setup.rate, setup.starttls) == ("reports@mail.example", 14.0, True)
    assert "p@ss" not in repr(setup)


def test_only_this_machine_is_spoken_to_in_the_clear_without_being_told():
    assert not read(f"smtp://127.0.0.1:1025?{FROM}").starttls
    assert read(f"smtp://mail.example?{FROM}").starttls
    assert not read(f"smtp://mail.example?{FROM}&starttls=0").starttls


def test_the_other_ways():
    assert read("") is None
    assert read(f"smtps://mail.example?{FROM}").port == 465
    assert read(f"ses://?{FROM}&region=eu-west-1&configuration_set=reports").region == "eu-west-1"
    assert read(f"file:///var/mail/out?{FROM}").folder == "/var/mail/out"


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example?from=reports@mail.example",
        "smtp://mail.example",
        "smtp://mail.example?from=nobody",
        f"smtp://?{FROM}",
        f"smtp://user@mail.example?{FROM}",
        f"smtp://user:s3cret@mail.example?{FROM}&colour=blue",
        f"smtp://user:s3cret@mail.example?{FROM}&{FROM}",
        f"smtp://user:s3cret@mail.example?{FROM}&rate=fast",
        f"smtp://user:s3cret@mail.example?{FROM}&rate=0",
        f"smtp://user:s3cret@mail.example?{FROM}&starttls=yes",
        f"smtp://user:s3cret@mail.example:port?{FROM}",
        f"smtps://mail.example?{FROM}&starttls=1",
        f"ses://eu-west-1?{FROM}",
        f"ses://?{FROM}&bounces=bounces@mail.example",
        f"file://?{FROM}",
    ],
)
def test_what_is_wrong_stops_the_start_without_the_password(url):
    with pytest.raises(ImproperlyConfigured, match=r"^EMAIL_URL ") as stopped:
        read(url)

    assert "s3cret" not in str(stopped.value)
