import pytest

from tfvc.common.errors import TfvcError
from tfvc.models.batch import named


def test_arrays_come_in_the_order_asked_for():
    assert named({"b": 2, "a": 1}, ("a",), ("b", "c"), "net") == [1, 2, None]


@pytest.mark.parametrize(
    ("batch", "has"),
    [({}, "nothing"), ({"b": 2}, "b"), ({"a": 1, "x": 3}, "a, x"), ((1, 2), "a tuple"), (1.5, "a float")],
)
def test_another_batch_is_told_what_is_wanted_and_what_it_has(batch, has):
    words = f"^net trains on batches of a and optionally b, c; the dataset yields {has}$"
    with pytest.raises(TfvcError, match=words):
        named(batch, ("a",), ("b", "c"), "net")
