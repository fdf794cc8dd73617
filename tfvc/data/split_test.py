import pytest

from tfvc.common.errors import TfvcError
from tfvc.data.split import split_names, split_speakers

NAMES = [f"p{number}" for number in range(225, 325)]


def test_splits_whole_speakers_the_same_way_every_time():
    training, validation = split_names(reversed(NAMES), 10, seed=1)
    assert (training, validation) == split_names(NAMES, 10, seed=1)
    assert len(validation) == 10
    assert sorted(training + validation) == sorted(NAMES)
    assert validation != split_names(NAMES, 10, seed=2)[1]


def test_one_more_speaker_displaces_at_most_one():
    before = set(split_names(NAMES, 10, seed=1)[1])
    displaced = [len(before - set(split_names([*NAMES, f"new{n}"], 10, seed=1)[1])) for n in range(200)]
    assert set(displaced) == {0, 1}


def test_more_validation_speakers_keep_those_there_were():
    assert set(split_names(NAMES, 5)[1]) < set(split_names(NAMES, 6)[1])


def test_of_a_feature_set(features):
    training, validation = split_speakers(features, 1, seed=0)
    assert sorted(training + validation) == ["anna", "bert", "cara"]
    assert split_speakers(features, 0) == (["anna", "bert", "cara"], [])


@pytest.mark.parametrize("count", [-1, 100, 101])
def test_somebody_must_be_left_to_train_on(count):
    with pytest.raises(TfvcError, match=f"hold out {count} of 100"):
        split_names(NAMES, count)
