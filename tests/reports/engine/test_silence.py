"""One job that gets no answer does not stop an account; two in a row do, and the first answer ends it."""

from __future__ import annotations

import uuid

from reports.engine.silence import Silence

POISON, OTHER = uuid.uuid4(), uuid.uuid4()


def test_one_job_without_an_answer_is_that_jobs_own_trouble():
    silence = Silence(silent=False)

    assert [silence.hear(POISON, answered=False) for _ in range(5)] == [False] * 5
    assert not silence.silent


def test_two_jobs_in_a_row_without_an_answer_are_quicksights_silence():
    silence = Silence(silent=False)

    assert [silence.hear(POISON, answered=False), silence.hear(OTHER, answered=False)] == [False, True]
    assert silence.silent


def test_an_answer_between_them_tells_them_apart():
    silence = Silence(silent=False)

    silence.hear(POISON, answered=False)
    silence.hear(OTHER, answered=True)

    assert not silence.hear(OTHER, answered=False)
    assert not silence.silent


def test_the_first_answer_ends_it():
    silence = Silence(silent=True)

    assert silence.hear(OTHER, answered=True)
    assert not silence.silent
    assert not silence.hear(POISON, answered=False)
