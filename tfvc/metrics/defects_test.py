import re

import numpy as np
import pytest
import soundfile

from tfvc.metrics import find_defects, find_defects_in_file

TIME = np.arange(3 * 16000) / 16000


def names(wave, rate=16000):
    return [finding.partition(":")[0] for finding in find_defects(wave, rate)]


@pytest.mark.parametrize("rate", [8000, 22050])
def test_a_good_recording_has_none(sung, rate):
    assert names(sung(110, 3.0, rate), rate) == []


def test_each_defect_is_found_and_no_other(sung):
    wave = sung(140, 3.0)
    assert names(np.zeros(16000)) == ["silence"]
    assert names(0.001 * wave) == ["silence"]
    assert names(np.clip(20 * wave, -1, 1)) == ["clipping"]
    assert names(wave + 0.05) == ["dc"]
    assert names(np.where(TIME == 1, np.nan, wave)) == ["nan"]
    assert names(np.where(TIME == 1, np.inf, wave)) == ["nan"]
    for line in (50, 60):
        (finding,) = find_defects(wave + 0.01 * np.sin(2 * np.pi * line * TIME), 16000)
        assert re.fullmatch(rf"hum: \d+ dB at {line} Hz", finding)


def test_a_peak_that_just_fits_is_not_clipped(sung):
    wave = sung(140)
    wave[1000] = 1.0
    assert names(wave) == []
    wave[1000:1003] = 1.0
    assert names(wave) == ["clipping"]


def test_a_deep_voice_is_no_hum(sung):
    """Not even one that holds the very pitch for a second and a half of five."""
    assert names(sung(60, 3.0)) == []
    wave = sung(140, 5.0)
    wave[16000:40000] += 0.05 * np.sin(2 * np.pi * 60 * np.arange(24000) / 16000)
    assert names(wave) == []


def test_a_tenth_of_a_second_is_long_enough(sung):
    assert names(sung(140, 0.1)) == []


def test_files_that_cannot_be_read_say_why(tmp_path):
    (tmp_path / "empty.wav").touch()
    assert find_defects_in_file(tmp_path / "empty.wav") == [f"unreadable: {tmp_path / 'empty.wav'}: is empty (0 bytes)"]
    soundfile.write(tmp_path / "nan.wav", np.full(16000, np.nan), 16000, subtype="FLOAT")
    assert "NaN" in find_defects_in_file(tmp_path / "nan.wav")[0]
