import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from tfvc.audio import AudioError, normalize_volume, read, resample, write
from tfvc.common.errors import TfvcError

RATE = 16000


def noise(samples=8001, channels=1, seed=0):
    wave = 0.1 * np.random.default_rng(seed).standard_normal((samples, channels))
    return (wave[:, 0] if channels == 1 else wave).astype(np.float32)


def sound_bytes(tmp_path, suffix, **kwargs):
    path = tmp_path / f"whole{suffix}"
    soundfile.write(path, noise(), RATE, **kwargs)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff"])
def test_sixteen_bits_come_back_bit_for_bit(tmp_path, suffix):
    integers = np.random.default_rng(1).integers(-32768, 32768, 5001, dtype=np.int16)
    integers[:2] = -32768, 32767
    soundfile.write(tmp_path / f"a{suffix}", integers, RATE, subtype="PCM_16")
    wave, rate = read(tmp_path / f"a{suffix}")
    assert (wave.dtype, rate) == (np.float32, RATE)
    np.testing.assert_array_equal(wave, (integers / 32768).astype(np.float32))
    write(tmp_path / f"b{suffix}", wave, RATE)
    np.testing.assert_array_equal(soundfile.read(tmp_path / f"b{suffix}", dtype="int16")[0], integers)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_what_is_written_is_read(tmp_path, suffix):
    # Two thirds of a minute: the Vorbis encoder crashes on it in one piece.
    time = np.arange(40 * RATE) / RATE
    wave = (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    write(tmp_path / "new folder" / f"a{suffix}", wave, RATE)
    back, rate = read(tmp_path / "new folder" / f"a{suffix}")
    assert rate == RATE
    assert abs(len(back) - len(wave)) <= 1152
    shared = slice(4000, 600_000)
    assert np.corrcoef(back[shared], wave[shared])[0, 1] > 0.99


def test_eight_channels_are_averaged(tmp_path):
    channels = noise(channels=8)
    soundfile.write(tmp_path / "a.wav", channels, 48000, subtype="FLOAT")
    wave, _ = read(tmp_path / "a.wav")
    np.testing.assert_allclose(wave, channels.mean(axis=1), atol=1e-7)


@pytest.mark.parametrize("from_rate", [8000, 22050, 48000])
def test_resampling_keeps_a_tone_in_place(tmp_path, from_rate):
    def tone(rate):
        return np.sin(2 * np.pi * 1000 * np.arange(rate) / rate).astype(np.float32)

    soundfile.write(tmp_path / "a.wav", tone(from_rate), from_rate, subtype="FLOAT")
    wave, rate = read(tmp_path / "a.wav", RATE)
    assert (rate, len(wave), wave.dtype) == (RATE, RATE, np.float32)
    np.testing.assert_allclose(wave[1000:-1000], tone(RATE)[1000:-1000], atol=1e-3)


def test_resampling_removes_what_would_alias():
    tone = np.sin(2 * np.pi * 10_000 * np.arange(48000) / 48000)
    assert np.abs(resample(tone, 48000, RATE)[1000:-1000]).max() < 1e-3


def test_clipping_instead_of_wrapping(tmp_path):
    write(tmp_path / "a.wav", np.tile([1.7, -1.7], 500), RATE)
    np.testing.assert_array_equal(read(tmp_path / "a.wav")[0], np.tile([32767 / 32768, -1], 500).astype(np.float32))


def test_what_is_no_file(tmp_path):
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "empty.wav").touch()
    for name, reason in {"missing.wav": "no such file", "folder.wav": "is a folder", "empty.wav": "is empty"}.items():
        with pytest.raises(AudioError, match=f"{name}: {reason}"):
            read(tmp_path / name)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg", ".aiff", ".au", ".w64", ".vox", ".gsm", ".raw"])
def test_text_is_no_sound(tmp_path, suffix, capfd):
    path = tmp_path / f"words{suffix}"
    path.write_text("Please call Stella. " * 500)
    with pytest.raises(AudioError, match=f"words{suffix}") as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".aiff", ".au", ".w64", ".caf"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
def test_truncated(tmp_path, suffix, kept, capfd):
    data = sound_bytes(tmp_path, suffix)
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(AudioError, match=f"cut{suffix}"):
        read(path)
    assert capfd.readouterr() == ("", "")


def test_truncated_mp3_behind_a_tag(tmp_path):
    data = sound_bytes(tmp_path, ".mp3")
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 10, 0]) + bytes(1280)
    (tmp_path / "whole.mp3").write_bytes(tag + data)
    assert len(read(tmp_path / "whole.mp3")[0]) == 8001
    (tmp_path / "cut.mp3").write_bytes(tag + data[: len(data) - 300])
    with pytest.raises(AudioError, match="is truncated, 300 bytes"):
        read(tmp_path / "cut.mp3")


def test_truncated_says_how_much(tmp_path):
    (tmp_path / "cut.wav").write_bytes(sound_bytes(tmp_path, ".wav")[:-100])
    with pytest.raises(AudioError, match="is truncated, 100 bytes of the sound that its header promises are missing"):
        read(tmp_path / "cut.wav")


def test_a_streamed_wav_of_unknown_length_is_read(tmp_path):
    data = bytearray(sound_bytes(tmp_path, ".wav"))
    at = data.index(b"data") + 4
    data[at : at + 4] = b"\xff" * 4
    (tmp_path / "streamed.wav").write_bytes(data)
    assert len(read(tmp_path / "streamed.wav")[0]) == 8001


def flac_of_length(data, samples):
    """STREAMINFO keeps the number of samples in the 36 bits before the MD5 sum."""
    data = bytearray(data)
    assert data[:4] == b"fLaC"
    field = int.from_bytes(data[18:26]) >> 36 << 36 | samples
    data[18:26] = field.to_bytes(8)
    return bytes(data)


def test_a_flac_that_promises_too_much(tmp_path):
    data = sound_bytes(tmp_path, ".flac")
    (tmp_path / "more.flac").write_bytes(flac_of_length(data, 9000))
    with pytest.raises(AudioError, match="no sound file"):
        read(tmp_path / "more.flac")
    (tmp_path / "absurd.flac").write_bytes(flac_of_length(data, 2**36 - 1))
    with pytest.raises(AudioError, match="over 4 hours; cut it up"):
        read(tmp_path / "absurd.flac")


@pytest.mark.parametrize("rate", [1, 500, 2**31 - 1])
def test_absurd_rate(tmp_path, rate):
    data = bytearray(sound_bytes(tmp_path, ".wav"))
    data[24:28] = struct.pack("<I", rate)
    (tmp_path / "rate.wav").write_bytes(data)
    with pytest.raises(AudioError, match=f"rate.wav: its header says {rate} Hz"):
        read(tmp_path / "rate.wav", RATE)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_a_number(tmp_path, value):
    wave = noise(channels=2)
    wave[1234, 1] = value
    soundfile.write(tmp_path / "a.wav", wave, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match="1 samples are NaN or infinite, the first is number 1234"):
        read(tmp_path / "a.wav")


def test_infinities_that_cancel(tmp_path):
    wave = noise(channels=2)
    wave[77] = np.inf, -np.inf
    soundfile.write(tmp_path / "a.wav", wave, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match="the first is number 77"):
        read(tmp_path / "a.wav")


def test_unscaled_floats(tmp_path):
    soundfile.write(tmp_path / "a.wav", noise() * 32768, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"samples reach [\d.]+ where -1..1 is meant"):
        read(tmp_path / "a.wav")


@pytest.mark.parametrize("samples", [0, 1, 159])
def test_too_short(tmp_path, samples):
    soundfile.write(tmp_path / "a.wav", noise(samples), RATE)
    with pytest.raises(AudioError, match=f"is too short, {samples} samples"):
        read(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("name", "wave", "reason"),
    [
        ("a.wav", np.array([0.1, np.nan]), "NaN"),
        ("a.wav", np.zeros(0), "expected floating-point"),
        ("a.wav", np.zeros((2, 5)), "expected floating-point"),
        ("a.wav", np.zeros(9, np.int16), "expected floating-point"),
        ("a.song", np.zeros(9), "no sound format called '.song'"),
        ("a", np.zeros(9), "no sound format called 'nothing'"),
        ("folder.wav", np.zeros(9), "is a folder"),
        ("file/a.wav", np.zeros(9), "cannot be written"),
    ],
)
def test_refuses_to_write(tmp_path, name, wave, reason):
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(AudioError, match=reason):
        write(tmp_path / name, wave, RATE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.wav"]


def test_errors_are_the_kind_that_the_command_line_catches():
    assert issubclass(AudioError, TfvcError)


def test_quiet_speech_is_raised_and_loud_speech_left():
    wave = noise().astype(np.float64)
    for level in (0.001, 0.01):
        raised = normalize_volume(wave * level, -30)
        assert 20 * np.log10(np.sqrt(np.mean(raised**2))) == pytest.approx(-30, abs=1e-9)
    assert normalize_volume(wave, -30) is wave
    lowered = normalize_volume(wave, -30, increase_only=False)
    assert 20 * np.log10(np.sqrt(np.mean(lowered**2))) == pytest.approx(-30, abs=1e-9)
    assert not normalize_volume(np.zeros(5, np.float32)).any()
    assert normalize_volume(noise() * 0.01).dtype == np.float32


def test_importing_takes_no_tensorflow():
    program = (
        "import sys, tfvc.audio; sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'librosa', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
