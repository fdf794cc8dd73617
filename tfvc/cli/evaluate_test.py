"""`tfvc evaluate` on files, folders and lists."""

import json
import sys

import numpy as np
import pytest

from tfvc.audio import MelSpec, Recording, read, write
from tfvc.cli import main
from tfvc.models.speaker_encoder import SpeakerEncoder, SpeakerEncoderConfig

CHEAP = ("--metrics", "mel,stoi")


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Two folders of two recordings each, the second noisier than the first."""
    root = tmp_path_factory.mktemp("evaluate")
    random = np.random.default_rng(0)
    time = np.arange(16000) / 16000
    for number in (1, 2):
        tone = 0.1 * np.sin(2 * np.pi * 150 * number * time) * np.sin(2 * np.pi * 3 * time) ** 2
        for folder, noise in (("ref", 0.001), ("hyp", 0.01 * number)):
            write(root / folder / f"{number}.wav", tone + random.normal(0, noise, len(time)), 16000)
    return root


@pytest.fixture
def evaluate(capsys, folders, monkeypatch):
    """`evaluate("ref", "hyp", ...)` in the folder of recordings: exit code, what was printed, what went wrong."""
    monkeypatch.chdir(folders)
    monkeypatch.delenv("TFVC_REAL_DATA", raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["evaluate", *map(str, arguments)])
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return run


def test_a_pair_gives_a_table_and_json_and_a_picture(evaluate, ge2e, tmp_path):
    """With every metric."""
    files = ("--json", tmp_path / "a.json", "--plot", tmp_path / "a.png")
    code, printed, _ = evaluate("ref/1.wav", "hyp/1.wav", "--aligned", *files)
    assert code == 0
    content = json.loads((tmp_path / "a.json").read_text())
    keys = {"mcd_db", "f0_rmse_cents", "f0_correlation", "voicing_error", "mel_l1", "speaker_cosine", "stoi", "pesq"}
    assert keys <= content.keys()
    assert content["rows"][0]["hypothesis"] == "hyp/1.wav"
    assert content["speaker_encoder"] == ge2e.maker.to_dict()
    assert all(key in printed for key in keys)
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_folders_are_measured_file_by_file(evaluate, tmp_path):
    code, printed, _ = evaluate(
        "ref", "hyp", *CHEAP, "--aligned", "--json", tmp_path / "a.json", "--plot", tmp_path / "a.svg"
    )
    assert code == 0
    assert "2 pairs" in printed
    content = json.loads((tmp_path / "a.json").read_text())
    values = [row["mel_l1"] for row in content["rows"]]
    assert content["pairs"] == 2
    assert content["mel_l1"] == pytest.approx(np.mean(values))
    assert 0 < values[0] < values[1]
    assert (tmp_path / "a.svg").read_text().lstrip().startswith("<?xml")


def test_bounds_decide_the_exit_code(evaluate):
    pair = ("ref/1.wav", "hyp/1.wav", "--metrics", "mel")
    assert evaluate(*pair, "--fail-over", "mel_l1=99", "--fail-under", "mel_l1=0")[0] == 0
    for option, bound in (("--fail-over", "0.001"), ("--fail-under", "99")):
        code, printed, _ = evaluate(*pair, option, f"mel_l1={bound}")
        assert code == 1
        assert "failed: mel_l1 is" in printed
    assert evaluate(*pair, "--fail-over", "pesq=1")[0] == 2
    assert evaluate(*pair, "--fail-over", "mel_l1=low")[0] == 2


def test_lists_of_pairs_with_sources(evaluate, ge2e, tmp_path, folders):
    (tmp_path / "pairs.csv").write_text(
        "reference,hypothesis,source\n"
        + "".join(f"{folders}/ref/{i}.wav,{folders}/hyp/{i}.wav,{folders}/ref/{3 - i}.wav\n" for i in (1, 2))
    )
    arguments = ("--pairs", tmp_path / "pairs.csv", "--metrics", "speaker", "--json", tmp_path / "a.json")
    assert evaluate(*arguments, "--fail-under", "nearer_to_target=0")[0] == 0
    content = json.loads((tmp_path / "a.json").read_text())
    nearer = [row["speaker_cosine"] > row["speaker_cosine_source"] for row in content["rows"]]
    assert content["nearer_to_target"] == np.mean(nearer)
    assert 0 <= content["equal_error_rate"] <= 1


def test_cosines_are_those_of_the_encoder_that_is_named(evaluate, tmp_path):
    encoder = SpeakerEncoder(SpeakerEncoderConfig(units=4), MelSpec.named("ge2e_16k"))
    encoder.save_to_preset(tmp_path / "ear")
    arguments = ("--metrics", "speaker", "--json", tmp_path / "a.json", "--speaker-encoder", tmp_path / "ear")
    assert evaluate("ref/1.wav", "hyp/1.wav", *arguments)[0] == 0
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["speaker_encoder"] == encoder.maker.to_dict()
    one, other = (Recording.read(f"{folder}/1.wav").embedding(encoder) for folder in ("ref", "hyp"))
    assert content["speaker_cosine"] == pytest.approx(float(one @ other), abs=1e-6)


def test_a_bad_file_among_good_ones_is_reported(evaluate, folders, tmp_path):
    for folder in ("ref", "hyp"):
        for number in (1, 2):
            write(tmp_path / folder / f"{number}.wav", read(folders / folder / f"{number}.wav")[0], 16000)
    (tmp_path / "hyp/2.wav").write_bytes(b"RIFF")
    code, printed, errors = evaluate(tmp_path / "ref", tmp_path / "hyp", "--metrics", "mel", "--json", tmp_path / "j")
    assert code == 2
    assert "mel_l1" in printed
    assert "hyp/2.wav" in errors
    assert "1 of 2 pairs" in errors.splitlines()[-1]
    assert json.loads((tmp_path / "j").read_text())["failed"] == 1
    code, _, errors = evaluate(tmp_path / "ref/2.wav", tmp_path / "hyp/2.wav", "--metrics", "mel")
    assert (code, len(errors.splitlines())) == (2, 1)


def test_without_a_reference_defects_are_looked_for(evaluate, tmp_path):
    code, printed, _ = evaluate("ref")
    assert (code, printed) == (0, "2 of 2 files have no defects\n")
    write(tmp_path / "zero.wav", np.zeros(16000), 16000)
    code, printed, _ = evaluate(tmp_path / "zero.wav", "--json", tmp_path / "a.json")
    assert code == 1
    assert "silence" in printed
    assert json.loads((tmp_path / "a.json").read_text())["files"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name REF and HYP"),
        (("ref", "--pairs", "x.csv"), "name REF and HYP"),
        (("ref", "none"), "no such file"),
        (("ref/1.wav", "hyp/1.wav", "--metrics", "stoi"), "--aligned"),
        (("ref/1.wav", "hyp/1.wav", "--metrics", "snr"), "no such metric"),
        (("ref/1.wav", "hyp/1.wav", "--metrics", "mel", "--mel", "mel_9k"), "mel_9k"),
        (("ref/1.wav", "hyp/1.wav", "--metrics", "mel", "--plot", "a.xyz"), "picture"),
        (("--protocol", "x.toml"), "--out"),
        (("--protocol", "x.toml", "--out", "y", "--aligned"), "--aligned is for pairs"),
        (("ref", "hyp", "--set", "seed=1"), "--set is for --protocol"),
    ],
)
def test_bad_usage_is_one_line(evaluate, arguments, words):
    code, _, errors = evaluate(*arguments)
    assert code == 2
    assert errors.startswith("tfvc: error: ")
    assert words in errors.splitlines()[0]


def test_without_the_extra_the_rest_works(evaluate, monkeypatch):
    for package in ("pysptk", "pyworld", "pystoi", "pesq"):
        monkeypatch.setitem(sys.modules, package, None)  # `import` fails as where it is not installed
    assert evaluate("ref/1.wav", "hyp/1.wav", "--metrics", "mel")[0] == 0
    assert evaluate("ref")[0] == 0
    for metric in ("mcd", "f0", "stoi", "pesq"):
        code, _, errors = evaluate("ref/1.wav", "hyp/1.wav", "--aligned", "--metrics", metric)
        assert (code, len(errors.splitlines())) == (2, 1)
        assert "pip install 'tfvc[metrics]'" in errors
