import numpy as np
import pytest

from tfvc.common.errors import TfvcError
from tfvc.data.plans import Middle


def test_takes_the_middle_of_each_once():
    schedule = Middle(128, 2).schedule([300, 128, 129, 60, 131])
    assert schedule.steps == 3
    batches = [schedule.rows(step) for step in range(3)]
    assert [len(batch.items) for batch in batches] == [2, 2, 1]
    assert np.concatenate([batch.items for batch in batches]).tolist() == [0, 1, 2, 3, 4]
    assert np.concatenate([batch.starts for batch in batches]).tolist() == [86, 0, 0, 0, 1]
    assert {batch.frames for batch in batches} == {128}


def test_without_utterances_there_is_nothing_to_validate_on():
    with pytest.raises(TfvcError, match="no utterances to validate on"):
        Middle(128, 2).schedule([])
