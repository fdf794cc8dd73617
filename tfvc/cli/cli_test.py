import json
import re
import shutil

import numpy as np
import pytest
import soundfile

from tfvc.audio import read, write
from tfvc.cli.conftest import refused


def voice(samples, pitch, rate=16000):
    time = np.arange(samples) / rate
    return (0.1 * sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 15))).astype(np.float32)


@pytest.fixture(scope="session")
def recordings(tmp_path_factory, ge2e):
    """source/{a.wav, deep/b.flac} and target/{1.wav, 2.wav}."""
    folder = tmp_path_factory.mktemp("recordings")
    write(folder / "source/a.wav", voice(16000, 110), 16000)
    write(folder / "source/deep/b.flac", voice(9000, 130), 8000)
    write(folder / "target/1.wav", voice(30000, 210), 16000)
    write(folder / "target/2.wav", voice(32000, 230), 22050)
    return folder


def test_help_version_and_nothing(tfvc_anew):
    assert "convert" in tfvc_anew("--help").stdout
    assert re.fullmatch(r"tfvc \d+\.\d+\.\d+\n", tfvc_anew("--version").stdout)
    alone = tfvc_anew()
    assert alone.returncode == 2
    assert "Usage:" in alone.stdout
    assert alone.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sing"], ["sing"]),
        (["info"], ["PRESET_DIR"]),
        (["info", "nowhere"], ["nowhere"]),
        (["train", "tacotron", "data", "--out", "run"], ["tacotron", "autovc"]),
        (["train", "autovc", "nowhere", "--out", "run"], ["nowhere", "tfvc prepare"]),
        (["train", "autovc", "nowhere", "--out", "run", "--steps", "0"], ["steps"]),
        (["prepare", "nowhere", "out", "--mel", "mfcc"], ["mfcc", "hifigan_22k"]),
        (["parity", "run", "autovc_huge"], ["autovc_huge", "autovc_official"]),
        (["parity", "run", "nobody.cases:pair"], ["nobody"]),
        (["fetch", "everything"], ["everything", "ge2e"]),
        (["export", "nowhere", "--format", "h6", "--out", "x"], ["h6"]),
        (["import-torch", "autovc", "none.pt", "--out", "x"], ["none.pt"]),
    ],
)
def test_bad_usage_is_one_line(tfvc, ge2e, tmp_path, arguments, words):
    assert refused(tfvc(*arguments, cwd=tmp_path), *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["sing"], ["sing"]), (["info"], ["PRESET_DIR"]), (["export", "x", "--format", "h6", "--out", "y"], ["h6"])],
)
def test_a_mistyped_command_does_not_wait_for_tensorflow(tfvc_anew, arguments, words):
    assert refused(tfvc_anew(*arguments, prelude="import sys\nsys.modules['tensorflow'] = None"), *words)


def test_debug_shows_the_traceback(tfvc):
    done = tfvc("--debug", "info", "nowhere")
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_convert_a_file(tfvc, tfvc_anew, recordings, narrow_preset, tmp_path):
    target = recordings / "target"
    done = tfvc("convert", recordings / "source/a.wav", target, "--out", tmp_path / "x.wav", "--model", narrow_preset)
    assert (done.returncode, done.stderr) == (0, "converting: 1/1\n")
    wave, rate = read(tmp_path / "x.wav")
    assert (len(wave), rate) == (22050, 22050)
    # In a new interpreter, as a user runs it: nothing that TensorFlow says on the way is shown.
    anew = tfvc_anew(
        "convert", recordings / "source/a.wav", target, "--out", tmp_path / "y.wav", "--model", narrow_preset
    )
    assert (anew.returncode, anew.stderr) == (0, "converting: 1/1\n")
    assert (tmp_path / "x.wav").read_bytes() == (tmp_path / "y.wav").read_bytes()


def test_convert_a_folder_keeps_its_tree_and_reports_bad_files(tfvc, recordings, narrow_preset, tmp_path):
    source = tmp_path / "in"
    for path in ("a.wav", "deep/b.flac"):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes((recordings / "source" / path).read_bytes())
    (source / "c.wav").write_text("not a sound")
    target = recordings / "target/1.wav"
    done = tfvc("convert", source, target, "--out", tmp_path / "out", "--model", narrow_preset)
    assert done.returncode == 2
    assert "c.wav" in done.stderr
    assert "1 of 3 files" in done.stderr
    assert sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*")) == [
        "a.wav",
        "deep/b.wav",
    ]


def test_convert_refuses_bad_input(tfvc, recordings, narrow_preset, tmp_path):
    source, target, options = recordings / "source/a.wav", recordings / "target", ["--model", narrow_preset]
    nan = voice(16000, 100)
    nan[77] = np.nan
    soundfile.write(tmp_path / "nan.wav", nan, 16000, subtype="FLOAT")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder").mkdir()
    out = tmp_path / "out.wav"
    assert refused(tfvc("convert", tmp_path / "nan.wav", target, "--out", out, *options), "nan.wav", "NaN")
    assert refused(tfvc("convert", source, tmp_path / "empty.wav", "--out", out, *options), "empty.wav")
    assert refused(tfvc("convert", tmp_path / "folder", target, "--out", out, *options), "no sound files")
    assert refused(tfvc("convert", source, target, "--out", source, *options), "overwritten")
    assert refused(tfvc("convert", source, target, "--out", out, *options, "--vocoder", "wavenet"), "griffin-lim")
    assert refused(tfvc("convert", source, target, "--out", out, "--model", "nobody"), "nobody")
    assert not out.exists()


def test_info_tells_the_config_the_mels_and_the_record(tfvc, narrow_preset):
    lines = tfvc("info", narrow_preset).stdout.splitlines()
    told = dict(line.split(maxsplit=1) for line in lines)
    assert told["config.neck"] == "4"
    assert told["mel"] == "hifigan_22k"
    assert told["mel.hop"] == "256"
    assert told["training.steps"] == "0"
    assert (told["encoder.name"], told["encoder.sha256"]) == ("ge2e", "unknown")
    assert re.fullmatch("[0-9a-f]{64}", told["weights.sha256"])
    assert told["note"] == "takes speaker embeddings of ge2e: convert with that encoder"
    assert "trainable" in told["parameters"]


def test_info_names_the_encoder_of_the_bundled_checkpoint(tfvc, ge2e):
    told = dict(line.split(maxsplit=1) for line in tfvc("info", "autovc_small").stdout.splitlines())
    assert (told["encoder.name"], told["encoder.sha256"]) == ("ge2e", ge2e.maker.sha256)


def test_info_refuses_a_damaged_record_in_one_line(tfvc, narrow_preset, tmp_path):
    shutil.copytree(narrow_preset, tmp_path / "x")
    (tmp_path / "x/training.json").write_text("{")
    assert refused(tfvc("info", tmp_path / "x"), "training.json", "no JSON")


def test_convert_says_what_it_assumes_of_an_older_preset(tfvc, recordings, narrow_preset, tmp_path):
    shutil.copytree(narrow_preset, tmp_path / "older")
    (tmp_path / "older/encoder.json").unlink()
    command = ["convert", recordings / "source/a.wav", recordings / "target/1.wav", "--model", tmp_path / "older"]
    assert refused(tfvc(*command, "--out", tmp_path / "x.wav"), "older: does not say", "--speaker-encoder")
    done = tfvc(*command, "--out", tmp_path / "x.wav", "--speaker-encoder", "ge2e")
    assert (done.returncode, done.stderr) == (0, "converting: 1/1\n")
    (tmp_path / "older/training.json").write_text('{"model": "autovc", "data": "corpus"}')
    done = tfvc(*command, "--out", tmp_path / "y.wav")
    assert done.returncode == 0
    note, progress = done.stderr.splitlines()
    assert note.startswith("tfvc: note: ")
    assert "ge2e is assumed" in note
    assert progress == "converting: 1/1"
    assert (tmp_path / "x.wav").read_bytes() == (tmp_path / "y.wav").read_bytes()


def test_export_h5(tfvc, narrow_preset, tmp_path):
    done = tfvc("export", narrow_preset, "--format", "h5", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "decoder.weights.h5",
        "encoder.weights.h5",
        "postnet.weights.h5",
    ]


def test_prepare_reports_and_goes_on(tfvc, ge2e, tmp_path):
    write(tmp_path / "corpus/anna/a.wav", voice(16000, 200), 16000)
    write(tmp_path / "corpus/bert/b.flac", voice(20000, 120), 16000)
    (tmp_path / "corpus/bert/c.wav").write_text("no sound")
    done = tfvc("prepare", tmp_path / "corpus", tmp_path / "out", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert "2 utterances of 2 speakers" in done.stdout
    assert "1 files could not be taken" in done.stdout
    (error,) = map(json.loads, (tmp_path / "out/errors.jsonl").read_text().splitlines())
    assert error["file"] == "bert/c.wav"
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")}
    assert "nothing to do" in tfvc("prepare", tmp_path / "corpus", tmp_path / "out").stdout
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")} == before


def test_prepare_train_and_convert_by_command(tfvc, ge2e, recordings, tmp_path):
    for number, name in enumerate(("anna", "bert", "cara")):
        write(tmp_path / f"corpus/{name}/x.wav", voice(24000, 100 + 50 * number), 16000)
    assert tfvc("prepare", tmp_path / "corpus", tmp_path / "data", "--jobs", "1").returncode == 0
    sizes = [f"--set={key}=16" for key in ("conv_channels", "decoder_lstm1", "decoder_lstm2", "frames")]
    train = [
        "train",
        "autovc",
        tmp_path / "data",
        "--out",
        tmp_path / "run",
        "--steps",
        "3",
        "--batch-size",
        "2",
        *sizes,
    ]
    done = tfvc(*train)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "run/losses.jsonl").read_text().splitlines()) == 3
    assert refused(tfvc(*train), "--resume")
    assert tfvc(*train, "--resume").returncode == 0
    target = recordings / "target/1.wav"
    out = tmp_path / "spoken.wav"
    done = tfvc("convert", recordings / "source/a.wav", target, "--out", out, "--model", tmp_path / "run/preset")
    assert done.returncode == 0, done.stderr
    assert np.abs(read(out)[0]).max() > 0


@pytest.mark.slow
def test_parity_passes_and_writes_its_figures(tfvc, tmp_path):
    written = ["--json", tmp_path / "p.json", "--report", tmp_path / "p.html"]
    done = tfvc("parity", "run", "conv1d", "batch_norm", *written)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "2 cases, all equal" in (tmp_path / "p.html").read_text(encoding="utf-8")
    assert [report["passed"] for report in json.loads((tmp_path / "p.json").read_text())] == [True, True]


def test_an_output_that_cannot_be_written_is_one_line(tfvc, narrow_preset, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = tfvc("export", narrow_preset, "--format", "h5", "--out", tmp_path / "file/out")
    assert refused(done, "file: File exists")
