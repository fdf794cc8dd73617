"""Who is meant by a name, a number, nothing, or a voiceprint of another voice."""

import numpy as np
import pytest

from tfvc.common.errors import TfvcError
from tfvc.common.maker import Maker
from tfvc.voices.conftest import narrow_encoder
from tfvc.voices.vits_speakers import EmbeddedSpeakers, OneSpeaker, TableOfSpeakers, argument
from tfvc.voices.voice import Voiceprint


def test_speakers_that_are_named_by_numbers_are_not_rows():
    """A voice trained on LibriTTS has a speaker "3922", and perhaps no speaker "1"."""
    named = TableOfSpeakers(3, {"3922": 0, "2": 1})
    assert [named.find(name).vector for name in ("3922", "2")] == [0, 1]
    for name in ("0", "1"):
        with pytest.raises(TfvcError, match=f"no speaker '{name}' in the voice; there are 3922, 2"):
            named.find(name)
    whole = TableOfSpeakers(2, {"3922": 1, "1": 0})
    assert [whole.find(name).vector for name in ("3922", "1")] == [1, 0]
    assert TableOfSpeakers(2, {"anna": 0}).find("1").vector == 1


def test_the_only_row_of_a_table_need_not_be_named():
    """Coqui gives a table to a model of one speaker too."""
    assert TableOfSpeakers(1, {"anna": 0}).nobody_named().vector == 0


def test_many_speakers_are_told_in_part():
    with pytest.raises(TfvcError, match=r"there are 0, 1, 2, 3, 4, 5, \.\.\. \(tfvc info lists them\)"):
        TableOfSpeakers(109, {}).find("p225")


def test_a_voiceprint_of_another_kind_of_voice_is_refused():
    one, table, embedded = OneSpeaker(), TableOfSpeakers(3, {}), EmbeddedSpeakers(narrow_encoder())
    vector = np.ones(256, np.float32)
    fitting = {one: one.nobody_named(), table: table.find("1"), embedded: Voiceprint(vector, embedded.maker)}
    for speakers in fitting:
        for owner, voiceprint in fitting.items():
            if owner is speakers:
                assert len(argument(voiceprint, speakers)) == len(speakers.signature)
            else:
                with pytest.raises(
                    TfvcError, match=r"a voiceprint of the shape \[.*was given to a voice that takes \["
                ):
                    argument(voiceprint, speakers)
    with pytest.raises(TfvcError, match="a voiceprint of vits_tone_converter was given to a voice that takes those of"):
        argument(Voiceprint(vector, Maker("vits_tone_converter")), embedded)
