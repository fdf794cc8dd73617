import numpy as np
import pytest
import torch

from tfvc.parity.diagnosis.hypotheses.tensor_changes import arrangements, changes, permutation, shifted

RNG = np.random.default_rng(0)
X = RNG.standard_normal((2, 6, 4))


def named(found: np.ndarray) -> tuple[str, str] | None:
    """The first change of X that gives `found`."""
    for change in changes(X, found):
        try:
            y = change.apply(torch.tensor(X)).numpy()
        except (RuntimeError, IndexError):
            continue
        if y.shape == found.shape and np.allclose(y, found, atol=1e-12):
            return change.name, change.words
    return None


@pytest.mark.parametrize(
    ("found", "name", "words"),
    [
        (X * 0, "zero", "replaced by zeros"),
        (X * 0.25, "scale", "times 0.25"),
        (-X, "scale", "with the opposite sign"),
        (X[:, ::-1], "permutation", "with axis 1 backwards"),
        (np.roll(X, 1, 1), "permutation", "with axis 1 rolled by +1"),
        (np.roll(X, -1, 2), "permutation", "with axis 2 rolled by -1"),
        (np.roll(X, 3, 1), "permutation", "with axis 1 in halves that have changed places"),
        (X[:, [0, 3, 1, 4, 2, 5]], "permutation", "with axis 1 interleaved (2 groups of 3)"),
        (np.pad(X, [(0, 0), (2, 0), (0, 0)])[:, :6], "shift", "shifted by +2 along axis 1"),
        (X.transpose(0, 2, 1), "transpose", "with its axes in the order (0, 2, 1)"),
        (np.maximum(X, 0), "activation", "behind a ReLU that torch has not"),
    ],
)
def test_a_change_is_named(found, name, words):
    assert named(found) == (name, words)


def test_a_reshape_for_a_transpose():
    assert named(X.transpose(0, 2, 1).reshape(X.shape))[0] == "reshape"


def test_something_else_has_no_name():
    assert named(X + 1e-3 * RNG.standard_normal(X.shape)) is None
    assert named(np.cos(X)) is None


def test_the_identity_is_no_permutation():
    assert permutation(X, X, 1) is None
    assert permutation(X, X * 2, 1) is None


def test_shifted():
    x = torch.arange(1.0, 5.0)[None]
    assert shifted(x, 1, 1).tolist() == [[0, 1, 2, 3]]
    assert shifted(x, -2, 1).tolist() == [[3, 4, 0, 0]]


def test_arrangements_keep_the_shape():
    for shape in [(4,), (4, 4), (6, 4, 3), (4, 2, 3, 3)]:
        w = torch.randn(shape)
        found = [change(w) for _, _, change in arrangements(shape)]
        assert len(found) > 3
        assert all(y.shape == w.shape for y in found)
