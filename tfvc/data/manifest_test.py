import json
from dataclasses import replace

import pytest

from tfvc.data.corpus import Source
from tfvc.data.manifest import Refusal, Utterance, from_line, stems_from, to_line
from tfvc.data.record import Place

ARRAYS = {"waveform": Place(12, (22050,)), "mel": Place(50000, (86, 80))}
UTTERANCE = Utterance("s/a", "s", "s/a.wav", 1.0, "shard-00000.tfrecord", 0, 9, 1, ARRAYS, 100, 200)
REFUSAL = Refusal("s/a.wav", "is empty", True, 100, 200)
SOURCE = Source("s/a.wav", 100, 200)


@pytest.mark.parametrize("outcome", [UTTERANCE, REFUSAL])
def test_lines_come_back(outcome):
    assert from_line(json.dumps(to_line(outcome))) == outcome


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Expecting value"),
        ("[]", "not a JSON object"),
        ("{}", "keys"),
        (json.dumps(to_line(UTTERANCE) | {"more": 1}), "more"),
        (json.dumps(to_line(UTTERANCE) | {"seconds": "86"}), "seconds is '86'"),
        (json.dumps(to_line(UTTERANCE) | {"arrays": []}), r"arrays is \[\]"),
        (json.dumps(to_line(UTTERANCE) | {"arrays": {"mel": [12, 5]}}), r"place of mel is \[12, 5\]"),
        (json.dumps(to_line(UTTERANCE) | {"arrays": {"mel": [12, ["5"]]}}), "place of mel is"),
        (json.dumps(to_line(UTTERANCE) | {"arrays": {"mel": [1.5, [5]]}}), "place of mel is"),
        (json.dumps(to_line(UTTERANCE) | {"offset": 1.5}), "offset is 1.5"),
    ],
)
def test_other_lines_are_refused(text, problem):
    with pytest.raises(ValueError, match=problem):
        from_line(text)


@pytest.mark.parametrize("outcome", [UTTERANCE, REFUSAL])
def test_an_outcome_holds_for_the_unchanged_file_only(outcome):
    assert stems_from(outcome, SOURCE)
    for change in ({"file": "s/b.wav"}, {"bytes": 101}, {"mtime_ns": 201}, {"refusal": "misplaced"}):
        assert not stems_from(outcome, replace(SOURCE, **change))


def test_a_refused_place_holds_while_it_is_refused():
    misplaced = Refusal("s/a.wav", "has the same name as s/a.flac", False, 100, 200)
    assert stems_from(misplaced, replace(SOURCE, refusal=misplaced.reason))
    assert not stems_from(misplaced, SOURCE)
    assert not stems_from(misplaced, replace(SOURCE, refusal="another reason"))
