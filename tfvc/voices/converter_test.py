import numpy as np
import pytest

import tfvc
from tfvc.audio import AudioError, MelSpec, Recording, write
from tfvc.common.errors import TfvcError
from tfvc.voices.conftest import SPEC, narrow_autovc, sung
from tfvc.voices.vocoders import GriffinLim, load_vocoder


@pytest.fixture(scope="module")
def converter(ge2e):
    return tfvc.VoiceConverter(narrow_autovc(), ge2e, GriffinLim(SPEC, iterations=2))


@pytest.mark.parametrize("samples", [1000, 16000, 16001, 20479])
def test_the_result_is_as_long_as_the_source(converter, samples):
    wave, rate = converter.convert((sung(samples, 120), 16000), [(sung(30000, 200), 16000)])
    assert rate == 22050
    assert wave.dtype == np.float32
    assert abs(len(wave) - samples * 22050 / 16000) <= 1
    assert np.isfinite(wave).all()


def test_files_and_arrays_give_the_same(converter, tmp_path):
    write(tmp_path / "s.wav", sung(16000, 120), 16000)
    write(tmp_path / "t.wav", sung(20000, 220), 16000)
    from_files, _ = converter.convert(tmp_path / "s.wav", [str(tmp_path / "t.wav")])
    recordings = [tfvc.audio.read(tmp_path / name) for name in ("s.wav", "t.wav")]
    from_arrays, _ = converter.convert(recordings[0], [recordings[1]])
    np.testing.assert_allclose(from_files, from_arrays, atol=1e-5)


def test_several_targets_are_averaged(converter):
    one, other = (sung(20000, 180), 16000), (sung(30000, 240), 16000)
    mean = (converter.embed([one]) + converter.embed([other])) / 2
    np.testing.assert_allclose(converter.embed([one, other]), mean, atol=1e-6)
    assert not np.allclose(converter.embed([one]), converter.embed([other]), atol=1e-3)


def test_silence_converts_to_something_finite(converter):
    wave, _ = converter.convert((np.zeros(16000, np.float32), 16000), [(sung(30000, 200), 16000)])
    assert np.isfinite(wave).all()


def test_bad_recordings_are_refused(converter, tmp_path):
    good = (sung(16000, 100), 16000)
    with pytest.raises(AudioError, match=r"none\.wav"):
        converter.convert(tmp_path / "none.wav", [good])
    with pytest.raises(TfvcError, match="short"):
        converter.convert((np.zeros(10, np.float32), 16000), [good])
    with pytest.raises(TfvcError, match="at least one"):
        converter.convert(good, [])


def test_parts_that_do_not_fit_are_refused_and_the_difference_named(ge2e):
    with pytest.raises(TfvcError, match=r"different mels .*sample_rate.*fmax"):
        tfvc.VoiceConverter(narrow_autovc(MelSpec.named("autovc_16k")), ge2e, GriffinLim(SPEC))
    with pytest.raises(TfvcError, match="embeddings of 128 values, the speaker encoder gives 256"):
        tfvc.VoiceConverter(narrow_autovc(embedding=128), ge2e, GriffinLim(SPEC))
    with pytest.raises(TfvcError, match="no such vocoder"):
        load_vocoder("wavenet", SPEC)


def test_an_assumption_is_warned_of(checkpoints, ge2e):
    record = {"model": "autovc", "data": "corpus"}
    narrow_autovc(speaker_encoder=None).save_to_preset(checkpoints / "mine", training=record)
    with pytest.warns(UserWarning, match="ge2e is assumed"):
        converter = tfvc.VoiceConverter.from_preset("mine")
    assert converter.speaker_encoder.maker == ge2e.maker


def test_a_recording_an_array_and_an_embedding_convert_to_the_same(converter):
    source, target = (sung(16000, 120), 16000), (sung(30000, 200), 16000)
    wave, rate = converter.convert(source, [target])
    result = converter.convert_to(Recording(*source), converter.embed([target]))
    np.testing.assert_array_equal(result.wave, wave)
    assert (result.sample_rate, result.mel.shape) == (rate, result.source_mel.shape)
