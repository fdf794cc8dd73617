"""The measures rise and fall as they should."""

import numpy as np
import pytest

from tfvc.audio import MelSpec, Recording, resample
from tfvc.common.errors import TfvcError
from tfvc.metrics import (
    METRICS,
    Evaluation,
    equal_error_rate,
    mel_l1,
    pesq_wideband,
    pitch,
    pitch_errors,
    speaker_cosine,
    stoi,
)
from tfvc.metrics.alignment import align
from tfvc.metrics.summary import means

SPEC = MelSpec.named("hifigan_22k")
WITHOUT_SPEAKER = [name for name in METRICS if name != "speaker"]


def measure(reference, hypothesis, *metrics, aligned=False):
    return Evaluation(metrics, aligned, SPEC).measure(reference, hypothesis)


@pytest.fixture
def recording(sung):
    return Recording(sung(140), 16000)


def test_a_recording_is_equal_to_itself(recording):
    figures = measure(recording, Recording(recording.wave, 16000), *WITHOUT_SPEAKER, aligned=True)
    assert figures["mcd_db"] == figures["mcd_without_energy_db"] == 0
    assert figures["f0_rmse_cents"] == figures["voicing_error"] == figures["mel_l1"] == 0
    assert figures["f0_correlation"] == pytest.approx(1)
    assert figures["stoi"] == pytest.approx(1)
    assert figures["pesq"] > 4.6


def test_warping_takes_a_change_of_tempo_away(sung):
    """The same voice with its middle held: nothing to tell apart but for the frames at the seams."""
    wave = sung(140)
    recording, held = Recording(wave, 16000), Recording(np.concatenate([wave[:16384], wave[8192:]]), 16000)
    other = Recording(sung(140, formant=1500.0), 16000)
    assert measure(recording, held, "mcd")["mcd_db"] < 0.5 * measure(recording, other, "mcd")["mcd_db"]
    assert measure(recording, held, "mel")["mel_l1"] < 0.7 * measure(recording, other, "mel")["mel_l1"]


@pytest.mark.parametrize("cents", [-700, 300])
def test_a_shift_of_pitch_is_told_in_cents(sung, cents):
    """In a glide, so that the correlation has something to follow."""
    one, other = (pitch(sung(hertz), 16000, 256) for hertz in (200, 200 * 2 ** (cents / 1200)))
    steady = slice(48, 72)  # within a syllable: where voices begin and end, Harvest is an octave off now and then
    errors = pitch_errors(one[steady], other[steady])
    assert errors.rmse_cents == pytest.approx(abs(cents), rel=0.01)
    assert errors.correlation > 0.99
    assert errors.voicing_error == 0


def test_noise_is_heard(recording):
    noise = np.random.default_rng(1).normal(0, 0.02, len(recording.wave)).astype(np.float32)
    figures = measure(recording, Recording(recording.wave + noise, 16000), "stoi", "pesq", "mel", aligned=True)
    assert figures["stoi"] < 0.97
    assert figures["pesq"] < 3
    assert figures["mel_l1"] > 0.3


def test_louder_is_energy_only(recording):
    """A factor of 2 moves c0 by ln 2 and nothing else."""
    figures = measure(recording, Recording(2 * recording.wave, 16000), "mcd")
    assert figures["mcd_without_energy_db"] < 0.5  # where SPTK stops its iterations depends on the level
    assert figures["mcd_db"] == pytest.approx(np.log(2) * 10 / np.log(10) * np.sqrt(2), rel=0.1)


def test_where_there_is_nothing_to_measure_there_is_no_figure(recording):
    silence = Recording(np.zeros(len(recording.wave), np.float32), 16000)
    figures = measure(recording, silence, *WITHOUT_SPEAKER, aligned=True)
    assert np.isnan(figures["f0_rmse_cents"])
    assert np.isnan(figures["f0_correlation"])
    assert 0 < figures["voicing_error"] <= 1
    assert np.isfinite(figures["mcd_db"])
    zeros = np.zeros(16000, np.float32)
    assert np.isnan(pesq_wideband(zeros, zeros))
    assert np.isnan(stoi(np.ones(3000, np.float32), np.ones(3000, np.float32)))


def test_long_recordings_have_pesq_too(sung):
    wave = np.tile(sung(140), 20)
    noisy = wave + np.random.default_rng(2).normal(0, 0.003, len(wave)).astype(np.float32)
    assert 1 < pesq_wideband(wave, noisy) < pesq_wideband(wave, wave)


def test_rates_may_differ(sung):
    """Compared at the highest rate with figures that neither lacks."""
    wave = sung(150, 1.0, 22050)
    figures = measure(Recording(resample(wave, 22050, 16000), 16000), Recording(wave, 22050), "mcd")
    assert figures["mcd_db"] < 0.3


def test_what_cannot_be_measured_is_refused(recording, sung):
    with pytest.raises(TfvcError, match=r"against.*8000 Hz"):
        measure(recording, Recording(sung(150, rate=8000), 8000), "mcd")
    with pytest.raises(TfvcError, match="too short"):
        measure(recording, Recording(recording.wave[:1000], 16000), "mcd")
    with pytest.raises(TfvcError, match="--aligned"):
        measure(recording, Recording(recording.wave[:20000], 16000), "mel", aligned=True)
    with pytest.raises(TfvcError, match="too long to be aligned"):
        align(np.zeros((10_500, 24)), np.zeros((10_500, 24)))


def test_mel_l1_is_a_mean_of_absolute_differences():
    assert mel_l1(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [4.0, 5.0]])) == 1.0


def test_cosines_do_not_know_lengths():
    assert speaker_cosine(np.array([2.0, 0.0]), np.array([3.0, 3.0])) == pytest.approx(np.sqrt(0.5))


@pytest.mark.parametrize(
    ("genuine", "impostor", "rate"),
    [
        ([0.9, 0.8], [0.1, 0.2, 0.3], 0.0),
        ([0.1, 0.2], [0.8, 0.9], 1.0),
        ([0.1, 0.6, 0.7, 0.8], [0.2, 0.3, 0.4, 0.65], 0.25),
        ([0.5, 0.6], [0.5, 0.6], 0.5),
    ],
)
def test_equal_error_rates_of_few_scores(genuine, impostor, rate):
    assert equal_error_rate(genuine, impostor) == pytest.approx(rate)


def test_equal_error_rate_of_two_bells():
    """Two normal distributions at a distance of 2: the area beyond 1 under one of them."""
    random = np.random.default_rng(3)
    assert equal_error_rate(random.normal(2, 1, 20000), random.normal(0, 1, 20000)) == pytest.approx(0.1587, abs=0.005)


def test_means_leave_out_what_was_not_measured():
    rows = [{"pesq": 2.0, "stoi": np.nan}, {"pesq": np.nan, "stoi": np.nan}, {"pesq": 4.0, "stoi": np.nan}]
    assert means(rows)["pesq"] == 3
    assert np.isnan(means(rows)["stoi"])


@pytest.mark.real_data
def test_two_speakers_differ_more_than_one_from_itself(real_data, ge2e):
    """A sentence of another speaker, against the same speaker 4 % faster and higher, in noise."""
    speaker = Recording.read(real_data / "vctk4/p225/p225_003.wav")
    noise = np.random.default_rng(4).normal(0, 0.001, len(speaker.wave)).astype(np.float32)
    faster = Recording((speaker.wave + noise), 16640)
    evaluation = Evaluation(("mcd", "mel", "speaker"), False, SPEC, ge2e)
    own = evaluation.measure(speaker, faster)
    for other in ("p226", "p227", "p228"):
        theirs = evaluation.measure(speaker, Recording.read(real_data / f"vctk4/{other}/{other}_003.wav"))
        assert theirs["mcd_db"] > own["mcd_db"]
        assert theirs["mcd_without_energy_db"] > own["mcd_without_energy_db"]
        assert theirs["mel_l1"] > own["mel_l1"]
        assert theirs["speaker_cosine"] < own["speaker_cosine"]
