import numpy as np
import pytest

from tfvc.parity.four_of import FourOf
from tfvc.parity.judging.decisions import is_tie

# Of the first row two scores are alike but for what float32 keeps, of the second none.
EXACT = np.array([[0.1, 0.7, 0.7 - 1e-9, 0.2], [0.9, 0.3, 0.1, 0.2]])
ROUNDED = EXACT.astype(np.float32)
SCORES = FourOf(EXACT, EXACT, ROUNDED, ROUNDED)
RIGHT = EXACT.argmax(axis=-1)


def chosen(*indices):
    return FourOf(RIGHT, RIGHT, RIGHT, np.array(indices))


def test_what_float32_cannot_tell_apart_is_a_tie():
    assert is_tie(chosen(2, 0), SCORES)
    assert not is_tie(FourOf(RIGHT, np.array([2, 0]), RIGHT, RIGHT), SCORES)  # float64 can


@pytest.mark.parametrize("wrong", [(3, 0), (1, 1), (2, 2), (4, 0), (-1, 0)])
def test_another_choice_is_none(wrong):
    assert not is_tie(chosen(*wrong), SCORES)


def test_shapes_and_kinds_that_do_not_fit_are_none():
    assert not is_tie(chosen(2), SCORES)
    assert not is_tie(FourOf(*(RIGHT.astype(float) for _ in range(4))), SCORES)
    assert not is_tie(chosen(2, 0), FourOf(EXACT, EXACT, ROUNDED, ROUNDED[:, :3]))
