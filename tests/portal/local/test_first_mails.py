from __future__ import annotations

import pytest

from portal.local.first_mails import FirstMailFailed, _compared

ALL, NORTH = {("1",), ("2",)}, {("1",)}


def test_an_audiences_rows_are_told_beside_all_of_the_tenants():
    assert _compared("Acme Hotels", {"": ALL, "North desk": NORTH}) == (
        "Acme Hotels: of these 2 rows the narrower audience got its own alone: North desk 1"
    )


@pytest.mark.parametrize("some", [set(), {("3",)}, ALL], ids=["none", "a foreign one", "all of them"])
def test_rows_that_are_not_a_part_of_the_tenants_fail_the_demo(some):
    with pytest.raises(FirstMailFailed, match="North desk of Acme Hotels"):
        _compared("Acme Hotels", {"": ALL, "North desk": some})
