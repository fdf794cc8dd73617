import numpy as np
import pytest

from tfvc.models.autovc.windows import in_windows

WINDOW, CONTEXT = 40, 6


class Recorder:
    """Gives the frames back with 1000 times their place in the window added, and keeps what it was given."""

    def __init__(self):
        self.shapes = []

    def __call__(self, mels):
        self.shapes.append(mels.shape)
        return mels + 1000 * np.arange(mels.shape[1])[:, None]


@pytest.mark.parametrize("frames", [1, 39, 40, 41, 67, 68, 69, 96, 97, 500, 1000])
def test_every_frame_is_converted_where_it_has_surroundings(frames):
    mel = np.arange(frames)[:, None] + np.zeros(3)
    convert = Recorder()
    converted = in_windows(convert, mel, WINDOW, CONTEXT)
    np.testing.assert_array_equal(converted % 1000, mel % 1000)
    place = (converted[:, 0] - mel[:, 0]) / 1000
    if frames <= WINDOW:
        assert convert.shapes == [(1, frames, 3)]
        np.testing.assert_array_equal(place, np.arange(frames))
        return
    assert all(shape[1:] == (WINDOW, 3) and shape[0] <= 8 for shape in convert.shapes)
    start = np.arange(frames) - place  # of the window that a frame is from
    assert ((place >= CONTEXT) | (start == 0)).all()
    assert ((place < WINDOW - CONTEXT) | (start == frames - WINDOW)).all()
    assert start.min() == 0
    assert start.max() == frames - WINDOW
