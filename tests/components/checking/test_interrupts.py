"""Ctrl-C that Python raises where nobody hears it is heard after the next piece of work."""

import os
import signal

import pytest

from components.checking.interrupts import check_interrupts, noted_interrupts


class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        sum(range(1000))  # Python raises between two of its instructions


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_a_finalizer_swallows_is_not_lost():
    before = signal.getsignal(signal.SIGINT)
    with noted_interrupts():
        check_interrupts()
        it = Finalized()
        del it
        with pytest.raises(KeyboardInterrupt):
            check_interrupts()
    assert signal.getsignal(signal.SIGINT) is before


def test_it_is_raised_at_once_as_ever_and_the_next_run_begins_anew():
    with pytest.raises(KeyboardInterrupt), noted_interrupts():
        signal.raise_signal(signal.SIGINT)
    with noted_interrupts():
        check_interrupts()
