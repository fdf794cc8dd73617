import numpy as np
import pytest

from tfvc.weights import WeightError
from tfvc.weights.renaming import Renaming

TABLE = Renaming(
    "theirs",
    ((r"a\.(\d+)\.(w|b)", lambda match: f"x.{2 * int(match[1])}.{match[2]}"), (r"c\.(.+)", r"y.\1"), (r"a\..+", "z")),
    left_out=(r"d\..+",),
)


def test_the_first_rule_that_matches_the_whole_key_counts():
    state = {key: np.full(1, i) for i, key in enumerate(["a.1.w", "c.k", "a.2.b", "d.x", "a.1.wide"])}
    renamed = TABLE(state)
    assert list(renamed) == ["x.2.w", "y.k", "x.4.b", "z"]
    assert [int(value[0]) for value in renamed.values()] == [0, 1, 2, 4]


def test_keys_without_a_name_are_told():
    with pytest.raises(WeightError, match=r"f\.pt: e\.1, e\.2, e\.3 and 1 more are in the layout of theirs"):
        TABLE({f"e.{i}": np.ones(1) for i in range(1, 5)}, "f.pt")
    with pytest.raises(WeightError, match=r"^state dict: bc\.x is in the layout"):
        TABLE({"bc.x": np.ones(1)})


def test_two_keys_of_one_name_are_told():
    with pytest.raises(WeightError, match=r"a\.q and a\.p are both z"):
        TABLE({"a.p": np.ones(1), "a.q": np.ones(1)})
