"""A list of people as text: whatever a spreadsheet saves is read, and nothing that is written runs in one."""

from __future__ import annotations

import pytest

from reports.address_book import lists
from reports.address_book.lists import Line, read, write
from reports.refused import Refused

ANNA = Line(2, "anna@customer.example", "Anna Müller", ("Night desk",))


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("email,name,group\nanna@customer.example,Anna Müller,Night desk".encode(), "UTF-8"),
        ("\ufeffemail;name;group\r\nanna@customer.example;Anna Müller;Night desk\r\n".encode(), "UTF-8"),
        ("email\tname\tgroup\nanna@customer.example\tAnna Müller\tNight desk".encode("utf-16"), "UTF-16"),
        ("email;name;group\ranna@customer.example;Anna Müller;Night desk".encode("cp1252"), "Windows-1252"),
        ("Gruppe;Name;E-Mail-Adresse\nNight  desk;Anna Müller;anna@customer.example".encode(), "UTF-8"),
        ("Email,Phone,Name,Group\nanna@customer.example,1,Anna Müller,Night desk | Night desk".encode(), "UTF-8"),
    ],
)
def test_it_is_read_whatever_its_encoding_its_delimiter_and_the_order_of_its_columns(data, encoding):
    found = read(data)

    assert found.lines == [ANNA]
    assert found.encoding == encoding


def test_heads_that_are_not_ours_are_told():
    assert read("email,phone,name\nanna@customer.example,1,Anna").ignored == ["phone"]


def test_a_list_of_addresses_alone_needs_no_delimiter():
    assert [line.email for line in read("email\na@customer.example\n\nb@customer.example\n").lines] == [
        "a@customer.example",
        "b@customer.example",
    ]


def test_lines_have_the_numbers_that_an_editor_shows():
    found = read('email,name\na@customer.example,"Two\nlines"\n\nb@customer.example,B\n')

    assert [line.number for line in found.lines] == [2, 5]


def test_a_short_line_leaves_its_last_columns_empty():
    assert read("email,name,group\na@customer.example\n").lines == [Line(2, "a@customer.example")]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "No column is headed"),
        (b"anna@customer.example,Anna\n", "No column is headed"),
        (b"email,name\n", "no people below"),
        (b"email,mail\na,b\n", "Two columns are headed"),
        (b'email,name\na@customer.example,"Anna\n', "Line 2 cannot be read"),
        (b'email,name\na@customer.example,"Anna"x\n', "Line 2 cannot be read"),
        (b"PK\x03\x04\x00\x00binary", "This is no text"),
        (b"\xff\xfee\x00m\x00\x00", "This is no text"),
        ("email\n" + "a@customer.example\n" * (lists.MAX_LINES + 1), "more than 5000 people"),
        ("email\n" + "x" * lists.MAX_BYTES, "larger than 900 KB"),
        (b"email\n" + b"x" * 3 * lists.MAX_BYTES, "larger than 900 KB"),
    ],
)
def test_what_is_no_list_is_refused_with_what_to_do(data, told):
    with pytest.raises(Refused, match=told):
        read(data)


def test_what_was_written_is_read_again_as_it_was():
    lines = [
        Line(4, "+a@customer.example", "=1+1", ("-x", "Night desk"), "de"),
        Line(9, "b@customer.example", 'She said "hi", twice', (), ""),
        Line(12, "c@customer.example", "'quoted'", ("@home",), "en"),
    ]

    assert read(write(lines, numbered=True)).lines == lines


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x"])
def test_no_cell_is_a_formula(cell):
    assert lists.harmless(cell)[0] == "'"


def test_remarks_stand_in_a_last_column_that_is_passed_over_when_read():
    text = write([ANNA], remarks=["=No group has this name."])

    assert text.splitlines()[1].endswith("'=No group has this name.")
    assert read(text).ignored == ["remark"]
