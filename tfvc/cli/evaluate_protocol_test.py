"""`tfvc evaluate --protocol`: a small protocol from corpora to tables."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from tfvc.audio import read, write
from tfvc.benchmark import load_protocol, run_protocol
from tfvc.benchmark.experiment import held_out
from tfvc.benchmark.table import markdown
from tfvc.cli import main
from tfvc.common.errors import TfvcError

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
PROTOCOL = """
model = "{model}"
vocoder = "griffin-lim"

[parallel]
corpus = "twins"
sentences = 1

[unseen]
corpus = "crowd"
pairs = 3
speakers = ["anna", "bert", "cara"]

[copy_synthesis]
corpus = "crowd"
vocoders = ["griffin-lim"]
recordings = 2
speakers = ["anna", "bert", "cara"]

[long_recording]
corpus = "crowd"
speaker = "cara"
seconds = 4
window_seconds = 1
"""


def voice(pitch: float, seconds: float, seed: int) -> np.ndarray:
    time = np.arange(round(seconds * 16000)) / 16000
    tone = sum(np.sin(2 * np.pi * pitch * k * time + k) / k for k in range(1, 20))
    loudness = 0.05 * (1.1 + np.sin(2 * np.pi * 2.5 * time + seed))
    return loudness * tone + np.random.default_rng(seed).normal(0, 1e-3, len(time))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora")
    for number, speaker in enumerate(("p1", "p2")):
        for sentence in ("001", "002", "003"):
            write(root / f"twins/{speaker}/{speaker}_{sentence}.wav", voice(120 + 60 * number, 1.0, number), 16000)
    for number, speaker in enumerate(("anna", "bert", "cara", "dora")):
        write(root / f"crowd/{speaker}/x.flac", voice(100 + 40 * number, 2.2, number), 16000)
    return root


@pytest.fixture(scope="module")
def protocol(narrow_preset, tmp_path_factory):
    path = tmp_path_factory.mktemp("protocol") / "protocol.toml"
    path.write_text(PROTOCOL.format(model=narrow_preset))
    return path


@pytest.fixture
def evaluate(capsys):
    """`evaluate(...)`: exit code, what was printed, what was said of errors."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["evaluate", *map(str, arguments)])
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.mark.slow
def test_a_protocol_gives_tables_figures_sound_and_a_picture(evaluate, ge2e, data, protocol, narrow_preset, tmp_path):
    out = tmp_path / "out"
    bound = ("--fail-under", "unseen.nearer_to_target=1.1")
    code, printed, _ = evaluate("--protocol", protocol, "--data", data, "--out", out, *bound)
    assert code == 1
    assert "failed: unseen.nearer_to_target" in printed
    results = json.loads((out / "figures.json").read_text())
    figures, rows = results["figures"], json.loads((out / "rows.json").read_text())
    assert {name: len(own) for name, own in rows.items()} == {
        "parallel": 2,
        "unseen": 3,
        "copy_synthesis": 2,
        "long_recording": 1,
    }
    assert figures["unseen"]["speakers"] == 3
    assert figures["parallel"]["mcd_db"] == pytest.approx(np.mean([row["mcd_db"] for row in rows["parallel"]]))
    assert figures["copy_synthesis"]["griffin-lim"]["stoi"] > 0.5
    assert len(figures["long_recording"]["mel_l1_per_window"]) == 4
    # Of 2.2 s two windows of a second are taken, twice: the same sound at another place of the recording.
    one, two, one_again, two_again = figures["long_recording"]["mel_l1_per_window"]
    assert abs(one - one_again) < 0.3 * one
    assert abs(two - two_again) < 0.3 * two
    weights = (narrow_preset / "model.weights.h5").read_bytes()
    assert results["checkpoints"] == {str(narrow_preset): hashlib.sha256(weights).hexdigest()}
    assert (out / "table.md").read_text() == markdown(results)
    assert (out / "mels.png").stat().st_size > 10_000
    sounds = sorted(file.relative_to(out / "sound").as_posix() for file in out.rglob("*.wav"))
    assert len(sounds) == 8
    assert "parallel/p1_to_p2/003.wav" in sounds
    converted, rate = read(out / "sound/long_recording/cara.wav")
    assert len(converted) / rate == pytest.approx(4)


def test_what_is_missing_is_said_before_anything_is_done(ge2e, data, protocol, narrow_preset, tmp_path, monkeypatch):
    def refuse(words, *changes):
        with pytest.raises(TfvcError, match=words):
            run_protocol(load_protocol(protocol, changes), data, tmp_path / "out")
        assert list(tmp_path.iterdir()) == []

    refuse("all say 2 sentences", ("parallel.sentences", 2))
    refuse("has no speaker 'emil'", ("unseen.speakers", ["emil"]))
    refuse("does not say held_out_speakers", ("unseen.speakers", []))
    refuse("no such vocoder", ("copy_synthesis.vocoders", ["no_such"]))
    refuse("no recording of 5 s", ("long_recording.window_seconds", 5.0))


def test_a_protocol_is_read_strictly(tmp_path):
    path = tmp_path / "p.toml"
    for text, words in (
        ("model = 3\n[unseen]", "model must be a valid string, received 3"),
        ("[unsen]\npairs = 3", "no section is called 'unsen'"),
        ("[unseen]\npair = 3", "no field 'pair'"),
        ("[unseen]\npairs = 0", "pairs must be greater than or equal to 1, received 0"),
        ("model = 'a'", "has no section"),
        ("[unseen", "cannot be read"),
    ):
        path.write_text(text)
        with pytest.raises(TfvcError, match=words):
            load_protocol(path)
    path.write_text("[unseen]\npairs = 3")
    changed = load_protocol(path, [("unseen.pairs", 5), ("seed", 7)])
    assert changed.sections["unseen"].pairs == 5
    assert changed.common.seed == 7


def test_a_folder_that_is_something_else_is_kept(evaluate, data, protocol, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    code, _, errors = evaluate("--protocol", protocol, "--data", data, "--out", tmp_path)
    assert code == 2
    assert "holds no results" in errors
    assert (tmp_path / "notes.txt").read_text() == "mine"
    code, _, errors = evaluate("--protocol", protocol, "--data", data / "none", "--out", tmp_path)
    assert code == 2
    assert "--data" in errors
    bound = ("--fail-over", "unsen.nearer_to_target=1")
    code, _, errors = evaluate("--protocol", protocol, "--data", data, "--out", tmp_path / "out", *bound)
    assert code == 2
    assert "unsen" in errors


def test_the_bundled_protocol_names_what_is_there():
    """Its checkpoints exist and say whom their training left out; the published figures are of these weights."""
    protocol = load_protocol(CHECKPOINTS / "protocol.toml")
    assert set(protocol.sections) == {"parallel", "unseen", "copy_synthesis", "long_recording"}
    assert len(held_out(protocol.common.model)) >= 11  # 11 * 10 ordered pairs
    readme = (CHECKPOINTS.parent / "README.md").read_text()
    published = json.loads((CHECKPOINTS / "figures.json").read_text())
    assert published["protocol"] == json.loads(json.dumps(protocol.to_dict()))
    for preset, digest in published["checkpoints"].items():
        assert hashlib.sha256((CHECKPOINTS / preset / "model.weights.h5").read_bytes()).hexdigest() == digest
    for part in re.split(r"\n\n", markdown(published).strip()):
        assert part in readme
