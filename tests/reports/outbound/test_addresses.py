"""Which addresses a company may have us call. The resolver is the test's own; the rules are ours."""

from __future__ import annotations

import ipaddress
import re

import pytest

from reports.outbound import addresses, allowed
from reports.outbound.errors import AddressRefused, CannotResolve

PUBLIC = ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::5db8:d822", "::ffff:93.184.216.34", "2002:5db8:d822::1"]
NOT_PUBLIC = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00:ec2::254", "fc00::1", "fec0::1"],
    "link-local, where clouds keep their credentials": ["169.254.169.254", "169.254.170.2", "fe80::1"],
    "shared by providers": ["100.64.0.1", "100.127.255.255", "100.100.100.200"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved and broadcast": ["240.0.0.1", "255.255.255.255", "4000::1"],
    "protocols": ["192.0.0.1", "192.0.0.8", "192.0.0.9", "192.0.0.170", "192.88.99.1", "2001:2::1", "2001:20::1"],
    "documentation and benchmarks": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "2001:db8::1", "3fff::1", "100::1"],
    "a cloud's own services": ["168.63.129.16"],
    "IPv4 inside, mapped": ["::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1"],
    "IPv4 inside, NAT64": ["64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::a00:1"],
    "IPv4 inside, NAT64 of a local network": ["64:ff9b:1::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1::5db8:d822"],
    "IPv4 inside, 6to4": ["2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:a00:1::1"],
    "IPv4 inside, Teredo": ["2001:0:5db8:d822:0:0:80ff:fffe", "2001::1"],
    "IPv4 inside, compatible and translated": ["::127.0.0.1", "::93.184.216.34", "::ffff:0:127.0.0.1", "::ffff:0:5db8:d822"],
    "segment routing": ["5f00::1"],
}


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_called(text):
    assert addresses.checked("hooks.customer.example", 443, resolve=lambda host, port: [text]) == [text]


@pytest.mark.parametrize(("why", "text"), [(why, text) for why, texts in NOT_PUBLIC.items() for text in texts])
def test_an_address_that_is_not_public_is_not(why, text):
    assert not addresses.is_public(ipaddress.ip_address(text)), why
    with pytest.raises(AddressRefused, match="not public"):
        addresses.checked("hooks.customer.example", 443, resolve=lambda host, port: [text])


def test_one_address_that_is_not_public_is_enough_to_refuse_the_name():
    with pytest.raises(AddressRefused):
        addresses.checked("hooks.customer.example", 443, resolve=lambda host, port: [*PUBLIC, "10.0.0.1"])


def test_an_address_with_a_zone_is_judged_without_it():
    with pytest.raises(AddressRefused):
        addresses.checked("hooks.customer.example", 443, resolve=lambda host, port: ["fe80::1%eth0"])


def test_a_name_without_an_address_cannot_be_resolved():
    with pytest.raises(CannotResolve, match=r"hooks\.customer\.example"):
        addresses.checked("hooks.customer.example", 443, resolve=lambda host, port: [])


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".example"])
def test_the_system_does_not_find_what_is_not_there(host):
    with pytest.raises(CannotResolve):
        addresses.checked(host, 443)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "localhost"])
def test_other_spellings_of_this_machine_are_refused_by_where_they_lead(host):
    with pytest.raises((AddressRefused, CannotResolve)):
        addresses.checked(host, 443)


@pytest.mark.parametrize(
    ("entries", "host", "port", "is_allowed"),
    [
        (["10.1.2.3"], "10.1.2.3", 8443, True),
        (["10.1.2.3:8443"], "10.1.2.3", 8443, True),
        (["10.1.2.3:8443"], "10.1.2.3", 443, False),
        (["Hooks.Intranet.example"], "hooks.intranet.example", 443, True),
        (["intranet.example"], "hooks.intranet.example", 443, False),
        (["[fd00::1]:443"], "fd00::1", 443, True),
    ],
)
def test_the_operator_may_allow_a_host_or_one_of_its_ports(settings, entries, host, port, is_allowed):
    settings.PORTAL_OUTBOUND_ALLOW = entries

    assert allowed.is_allowed(host, port) is is_allowed


@pytest.mark.parametrize("entry", ["https://hooks.example", "host:0", "host:99999", "host:http", "*", "a b", "fd00::1", "[", "host/path"])
def test_what_is_neither_a_host_nor_a_port_stops_the_start(entry):
    with pytest.raises(ValueError, match=re.escape(entry)):
        allowed.read([entry])
