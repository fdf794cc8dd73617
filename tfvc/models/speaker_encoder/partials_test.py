import pytest

from tfvc.models.speaker_encoder.partials import partial_starts

GE2E = {"sample_rate": 16000, "hop": 160, "window": 160, "windows_per_second": 1.3, "min_coverage": 0.75}


@pytest.mark.parametrize(
    ("samples", "starts"),
    [
        (1, [0]),
        (16000, [0]),
        (25599, [0]),  # 160 frames: one window, exactly filled
        (25600, [0]),  # a second window would start at frame 77 and be half empty
        (31519, [0]),  # a sample short of 75 % of the second window
        (31520, [0, 77]),
        (160000, [0, 77, 154, 231, 308, 385, 462, 539, 616, 693, 770, 847]),
    ],
)
def test_windows_start_where_resemblyzer_puts_them(samples, starts):
    assert partial_starts(samples, **GE2E) == starts


def test_every_window_but_the_first_is_covered_by_audio():
    for samples in range(1, 200_000, 997):
        starts = partial_starts(samples, **GE2E)
        assert starts == list(range(0, 77 * len(starts), 77))
        assert all((samples - s * 160) / 25600 >= 0.75 for s in starts[1:])
        # and no further window would have been
        assert (samples - (starts[-1] + 77) * 160) / 25600 < 0.75 or samples + 1 <= (starts[-1] + 77) * 160
