import numpy as np
import pytest

from tfvc.audio import AudioError, Recording, extract_mel, named_spec, resample, write
from tfvc.common.errors import TfvcError

SPEC = named_spec("hifigan_22k")


class Encoder:
    """Says which waveform it was given, and how often."""

    def __init__(self):
        self.given = []

    def embed_utterance(self, wave, sample_rate):
        self.given.append((wave, sample_rate))
        return wave[:3]


def noise(samples=16001):
    return np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)


def test_everything_is_made_once_and_from_the_waveform_at_its_own_rate():
    recording, encoders = Recording(noise(), 16000), (Encoder(), Encoder())
    expected = resample(noise(), 16000, 22050)
    for _ in range(2):
        np.testing.assert_array_equal(recording.at(22050), expected)
        np.testing.assert_array_equal(recording.mel(SPEC), extract_mel(expected, SPEC))
        for encoder in encoders:
            recording.embedding(encoder)
    assert recording.at(22050) is recording.at(22050)
    assert recording.mel(SPEC) is recording.mel(SPEC)
    for encoder in encoders:
        ((wave, rate),) = encoder.given
        assert rate == 16000
        np.testing.assert_array_equal(wave, noise())


def test_an_encoder_that_takes_the_place_of_another_in_memory_is_not_taken_for_it():
    recording = Recording(noise(), 16000)
    for _ in range(50):
        encoder = Encoder()  # the one before is gone, and its address free
        recording.embedding(encoder)
        assert len(encoder.given) == 1


def test_a_file_is_read_once_under_its_name(tmp_path):
    write(tmp_path / "a.wav", noise(), 16000)
    recording = Recording.read(tmp_path / "a.wav")
    assert (recording.name, recording.sample_rate, recording.wave.dtype) == (
        str(tmp_path / "a.wav"),
        16000,
        np.float32,
    )
    (tmp_path / "a.wav").unlink()
    assert recording.seconds == pytest.approx(1, abs=1e-3)
    assert recording.mel(SPEC).shape[1] == 80


@pytest.mark.parametrize("wave", [np.zeros((2, 100)), np.zeros(100, np.int16), [1, 2, 3], np.float32(1)])
def test_what_is_no_waveform_is_refused_by_name(wave):
    with pytest.raises(AudioError, match=r"^mine: expected floating-point samples \[samples\]"):
        Recording(wave, 16000, "mine")


def test_a_recording_too_short_for_a_mel_is_named():
    with pytest.raises(TfvcError, match=r"^mine: waveform of 300 samples is too short"):
        Recording(noise(300), 22050, "mine").mel(SPEC)


@pytest.mark.parametrize("name", ["vits_22k", "hifigan_22k", "autovc_16k"])
def test_a_mel_in_pieces_is_the_mel(name):
    spec = named_spec(name)
    recording = Recording(np.random.default_rng(0).normal(0, 0.1, 30_011).astype("f4"), spec.sample_rate)
    whole, pieces = recording.mel(spec), recording.mel_in_pieces(spec)
    assert len(pieces) == len(whole)
    for first, last in ((0, 1), (0, len(whole)), (7, 50), (len(whole) - 1, len(whole))):
        np.testing.assert_array_equal(pieces.frames(first, last), whole[first:last])


def test_a_mel_that_is_relative_to_its_loudest_frame_has_no_pieces():
    recording = Recording(np.zeros(30_000, np.float32), 22050, "a.wav")
    with pytest.raises(TfvcError, match=r"a\.wav: mel: with a dynamic range"):
        recording.mel_in_pieces(named_spec("keras_22k"))
    with pytest.raises(TfvcError, match=r"a\.wav: .*short"):
        Recording(np.zeros(100, np.float32), 22050, "a.wav").mel_in_pieces(named_spec("vits_22k"))
