import dataclasses
from importlib.resources import files

import numpy as np
import pytest
import soundfile

from tfvc.audio import named_spec, read, write
from tfvc.cli.conftest import refused
from tfvc.cli.vocode import vocode
from tfvc.common.errors import TfvcError
from tfvc.models.hifigan import HiFiGANConfig, HiFiGANGenerator
from tfvc.models.melgan import MelGANConfig, MelGANGenerator

SPOKEN = files("tfvc") / "demo/source.wav"


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """Small, untrained generators: `same` on the default mels, `other` on descript's, `slow` at another rate."""
    folder = tmp_path_factory.mktemp("vocoders")
    spec = named_spec("hifigan_22k")
    for name, mels in {"same": spec, "slow": dataclasses.replace(spec, sample_rate=16000)}.items():
        MelGANGenerator(MelGANConfig(channels=16), mels).save_to_preset(folder / name)
    other = HiFiGANGenerator(HiFiGANConfig(upsample_initial_channel=16), named_spec("melgan_22k"))
    other.save_to_preset(folder / "other")
    return folder


def test_vocode_a_file_with_both_vocoders(tfvc, presets, tmp_path):
    samples = len(read(SPOKEN, 22050)[0])
    for name in ("griffin-lim", presets / "same"):
        done = tfvc("vocode", SPOKEN, "--out", tmp_path / "x.wav", "--vocoder", name)
        assert (done.returncode, done.stdout) == (0, f"wrote {tmp_path / 'x.wav'}\n")
        assert done.stderr == "vocoding: 1/1\n"
        wave, rate = read(tmp_path / "x.wav")
        assert (len(wave), rate) == (samples, 22050)
        assert np.abs(wave).max() > 0
        (tmp_path / "x.wav").unlink()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "rate"), [("same", 22050), ("slow", 16000)])
@pytest.mark.parametrize("samples", [500, 4001, 70_000])
def test_the_result_is_as_long_as_the_recording_at_the_rate_of_the_mels(presets, tmp_path, name, rate, samples):
    write(tmp_path / "in.wav", np.random.default_rng(0).normal(0, 0.1, samples), rate)
    vocode(tmp_path / "in.wav", tmp_path / "out.wav", str(presets / name))
    assert soundfile.info(tmp_path / "out.wav").samplerate == rate
    assert soundfile.info(tmp_path / "out.wav").frames == samples


def test_silence_gives_finite_sound(presets, tmp_path):
    write(tmp_path / "in.wav", np.zeros(8000), 16000)
    for name in ("griffin-lim", str(presets / "same")):
        vocode(tmp_path / "in.wav", tmp_path / "out.wav", name)
        assert np.isfinite(read(tmp_path / "out.wav")[0]).all()


def test_a_folder_keeps_its_tree_and_bad_files_are_reported(presets, tmp_path, capfd):
    write(tmp_path / "in/a.wav", np.zeros(8000), 16000)
    write(tmp_path / "in/deep/b.flac", np.zeros(8000), 16000)
    (tmp_path / "in/c.wav").touch()
    with pytest.raises(TfvcError, match=r"1 of 3 files could not be vocoded; the others are in .*out"):
        vocode(tmp_path / "in", tmp_path / "out", str(presets / "same"))
    assert "c.wav: is empty" in capfd.readouterr().err
    assert sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*")) == [
        "a.wav",
        "deep/b.wav",
    ]


def test_vocode_refuses_bad_input_in_one_line(tfvc, presets, narrow_preset, tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, 16000)
    write(tmp_path / "good.wav", noise, 22050)
    noise[77] = np.nan
    soundfile.write(tmp_path / "nan.wav", noise, 22050, subtype="FLOAT")
    write(tmp_path / "short.wav", np.zeros(300), 22050)
    (tmp_path / "empty.wav").touch()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    out = tmp_path / "out.wav"

    def run(source, vocoder="griffin-lim", out=out):
        vocode(tmp_path / source, out, str(vocoder))

    for words, call in (
        (r"empty\.wav: is empty", lambda: run("empty.wav")),
        (r"none\.wav: no such file", lambda: run("none.wav")),
        ("300 samples is too short", lambda: run("short.wav", presets / "same")),
        ("no such vocoder: wavenet: .*griffin-lim", lambda: run("good.wav", "wavenet")),
        ("holds autovc, which is no vocoder; .*melgan", lambda: run("good.wav", narrow_preset)),
        ("overwritten", lambda: run("good.wav", out=tmp_path / "good.wav")),
    ):
        with pytest.raises(TfvcError, match=words) as refusal:
            call()
        assert "\n" not in str(refusal.value)
    assert refused(tfvc("vocode", tmp_path / "nan.wav", "--out", out), "nan.wav", "NaN")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_convert_speaks_through_a_preset_with_the_same_mels(tfvc, ge2e, presets, narrow_preset, tmp_path):
    target = files("tfvc") / "demo/target.wav"

    def run(vocoder):
        command = ["convert", SPOKEN, target, "--out", tmp_path / "x.wav", "--model", narrow_preset]
        return tfvc(*command, "--vocoder", presets / vocoder)

    assert refused(run("other"), "different mels", "fmax: 8000.0 != 11025.0", "log: 'ln' != 'log10'")
    assert list(tmp_path.iterdir()) == []
    done = run("same")
    assert done.returncode == 0, done.stderr
    assert len(read(tmp_path / "x.wav")[0]) == len(read(SPOKEN, 22050)[0])


@pytest.mark.parametrize("samples", [385, 511, 512, 900])
def test_convert_takes_recordings_of_a_frame_or_a_few(ge2e, presets, narrow_preset, samples):
    from tfvc.voices.converter import VoiceConverter

    converter = VoiceConverter.from_preset(narrow_preset, str(presets / "same"))
    noise = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    wave, rate = converter.convert((noise[:samples], 22050), [(noise, 22050)])
    assert (len(wave), rate) == (samples, 22050)
    assert np.isfinite(wave).all()


@pytest.mark.real_data
def test_real_speech_through_a_generator(real_data, presets, tmp_path):
    recording = sorted(real_data.glob("ljspeech16/LJ/*.wav"))[0]
    vocode(recording, tmp_path / "out.wav", str(presets / "same"))
    assert soundfile.info(tmp_path / "out.wav").frames == soundfile.info(recording).frames


def test_the_memory_of_long_recordings_is_bounded(tfvc_anew, tmp_path):
    """Reading, mel and result together; a mebibyte or less for a second of sound, of which the file has 0.04."""
    MelGANGenerator(MelGANConfig(channels=64), named_spec("hifigan_22k")).save_to_preset(tmp_path / "preset")
    prelude = (
        "import atexit, resource\natexit.register(lambda: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))"
    )
    mebibytes = {}
    for seconds in (30, 180):
        write(tmp_path / "in.wav", np.random.default_rng(0).normal(0, 0.1, seconds * 22050), 22050)
        command = ["vocode", tmp_path / "in.wav", "--out", tmp_path / "out.wav", "--vocoder", tmp_path / "preset"]
        done = tfvc_anew(*command, prelude=prelude)
        assert done.returncode == 0, done.stderr
        mebibytes[seconds] = int(done.stdout.splitlines()[-1]) / 1024
    assert mebibytes[180] - mebibytes[30] < 150, mebibytes
