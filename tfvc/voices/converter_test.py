import numpy as np
import pytest

import tfvc
from tfvc.audio import AudioError, MelSpec, write
from tfvc.common.errors import TfvcError
from tfvc.models.autovc import AutoVC, AutoVCConfig, mel_scaling
from tfvc.voices.vocoders import GriffinLim, load_vocoder

SPEC = MelSpec.named("hifigan_22k")


def narrow(spec=SPEC, **changes):
    config = {"neck": 4, "freq": 8, "conv_channels": 16, "decoder_lstm1": 16, "decoder_lstm2": 16} | changes
    return AutoVC(AutoVCConfig(**config, **mel_scaling(spec)), spec)


def voice(samples, pitch):
    time = np.arange(samples) / 16000
    return (0.1 * sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 15))).astype(np.float32)


@pytest.fixture(scope="module")
def converter(ge2e):
    return tfvc.VoiceConverter(narrow(), ge2e, GriffinLim(SPEC, iterations=2))


@pytest.mark.parametrize("samples", [1000, 16000, 16001, 20479])
def test_the_result_is_as_long_as_the_source(converter, samples):
    wave, rate = converter.convert((voice(samples, 120), 16000), [(voice(30000, 200), 16000)])
    assert rate == 22050
    assert wave.dtype == np.float32
    assert abs(len(wave) - samples * 22050 / 16000) <= 1
    assert np.isfinite(wave).all()


def test_files_and_arrays_give_the_same(converter, tmp_path):
    write(tmp_path / "s.wav", voice(16000, 120), 16000)
    write(tmp_path / "t.wav", voice(20000, 220), 16000)
    from_files, _ = converter.convert(tmp_path / "s.wav", [str(tmp_path / "t.wav")])
    recordings = [tfvc.audio.read(tmp_path / name) for name in ("s.wav", "t.wav")]
    from_arrays, _ = converter.convert(recordings[0], [recordings[1]])
    np.testing.assert_allclose(from_files, from_arrays, atol=1e-5)


def test_several_targets_are_averaged(converter):
    one, other = (voice(20000, 180), 16000), (voice(30000, 240), 16000)
    mean = (converter.embed([one]) + converter.embed([other])) / 2
    np.testing.assert_allclose(converter.embed([one, other]), mean, atol=1e-6)
    assert not np.allclose(converter.embed([one]), converter.embed([other]), atol=1e-3)


def test_silence_converts_to_something_finite(converter):
    wave, _ = converter.convert((np.zeros(16000, np.float32), 16000), [(voice(30000, 200), 16000)])
    assert np.isfinite(wave).all()


def test_bad_recordings_are_refused(converter, tmp_path):
    good = (voice(16000, 100), 16000)
    with pytest.raises(AudioError, match=r"none\.wav"):
        converter.convert(tmp_path / "none.wav", [good])
    with pytest.raises(TfvcError, match="short"):
        converter.convert((np.zeros(10, np.float32), 16000), [good])
    with pytest.raises(TfvcError, match="at least one"):
        converter.convert(good, [])


def test_parts_that_do_not_fit_are_refused_and_the_difference_named(ge2e):
    with pytest.raises(TfvcError, match=r"different mels .*sample_rate.*fmax"):
        tfvc.VoiceConverter(narrow(MelSpec.named("autovc_16k")), ge2e, GriffinLim(SPEC))
    with pytest.raises(TfvcError, match="embeddings of 128 values, the speaker encoder gives 256"):
        tfvc.VoiceConverter(narrow(embedding=128), ge2e, GriffinLim(SPEC))
    with pytest.raises(TfvcError, match="no such vocoder"):
        load_vocoder("wavenet", SPEC)
