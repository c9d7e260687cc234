"""Where AWS's documentation says nothing, the pretend AWS chooses. The product has to live with either choice."""

from __future__ import annotations

import pytest

OURS, OTHER = "as we choose", "the other way"
# For tests that use `aws`: once with our choices, once with every one of them turned round.
both_readings = pytest.mark.parametrize("aws", [OURS, OTHER], indirect=True)
