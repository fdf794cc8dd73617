import json

import numpy as np
import pytest

from tfvc.audio import read, write
from tfvc.cli import main
from tfvc.cli.import_onnx import import_onnx
from tfvc.common.errors import TfvcError
from tfvc.voices.conftest import TEXTS, narrow_vits, sung


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """`one` speaker, a `table` of three, and a source of 5001 samples."""
    folder = tmp_path_factory.mktemp("voices")
    punctuated = TEXTS | {"without_punctuation": True}
    narrow_vits(tables={"symbols": punctuated}).save_to_preset(folder / "one")
    tables = {"symbols": TEXTS, "speakers": {"anna": 0, "ben": 2}}
    narrow_vits(n_speakers=3, gin_channels=5, tables=tables).save_to_preset(folder / "table")
    write(folder / "source.wav", sung(5001, 120), 8000)
    return folder


@pytest.fixture
def run(capsys):
    """`run("speak", ...)` is the command within this process: (exit code, stdout, stderr)."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(map(str, arguments)))
        return (ended.value.code, *capsys.readouterr())

    return run


def test_a_text_becomes_a_file(tfvc, presets, tmp_path):
    done = tfvc("speak", "Hello; there. Bye!", "--model", presets / "one", "--out", tmp_path / "a.wav", "--seed", 5)
    assert done.returncode == 0, done.stderr
    wave, rate = read(tmp_path / "a.wav")
    assert rate == 8000
    assert done.stdout == f"wrote {tmp_path / 'a.wav'}: {len(wave) / 8000:.2f} s\n"
    note = "tfvc: note: left out, since the voice has no symbol for it: ;"
    assert done.stderr.splitlines() == [note, "speaking: 2/2"]


def test_speed_and_noise(run, presets, tmp_path):
    file, silent = tmp_path / "a.wav", ("--noise", 0, "--duration-noise", 0)
    found = []
    for options in (("--seed", 5, *silent), silent, ("--speed", 0.5, *silent)):
        assert run("speak", "hello", "--model", presets / "one", "--out", file, *options)[0] == 0
        found.append(read(file)[0])
    np.testing.assert_array_equal(found[0], found[1])
    assert len(found[2]) > len(found[1])


def test_a_file_of_lines_becomes_a_file_or_a_folder(run, presets, tmp_path):
    (tmp_path / "lines.txt").write_text("\ufeffHello there. Anna.\n\n  \nBye\n")
    arguments = ("speak", tmp_path / "lines.txt", "--model", presets / "table", "--to", "ben", "--out")
    code, _, progress = run(*arguments, tmp_path / "out")
    assert (code, progress) == (0, "speaking: 3/3\n")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["001.wav", "002.wav"]
    assert run(*arguments, tmp_path / "all.flac")[0] == 0
    parts = [read(tmp_path / "out" / name)[0] for name in ("001.wav", "002.wav")]
    whole = read(tmp_path / "all.flac")[0]
    np.testing.assert_array_equal(whole[: len(parts[0])], parts[0])
    assert len(whole) > sum(map(len, parts))


def test_a_recording_of_one_speaker_becomes_anothers(run, presets, tmp_path):
    arguments = ("convert", presets / "source.wav", "--model", presets / "table", "--from", "anna", "--to")
    for who in ("ben", "1"):
        assert run(*arguments, who, "--out", tmp_path / f"{who}.wav")[0] == 0
    first, other = (read(tmp_path / name)[0] for name in ("ben.wav", "1.wav"))
    assert len(first) == 5001
    assert not np.array_equal(first, other)


def test_info_lists_speakers(run, presets):
    _, shown, _ = run("info", presets / "table")
    assert "speakers.anna                0\n" in shown
    assert "speakers.ben                 2\n" in shown
    assert "symbols.blank" in shown
    assert max(map(len, shown.splitlines())) < 300


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["speak", "", "--model", "one"], ["the text is empty"]),
        (["speak", "...", "--model", "one"], ["nothing in the text '...' is spoken"]),
        (["speak", "see 7", "--model", "one"], ["no symbol for '7' U+0037 (in '7')"]),
        (["speak", "hello", "--model", "one", "--to", "anna"], ["no speaker 'anna': the voice has one speaker"]),
        (["speak", "hello", "--model", "table", "--to", "carl"], ["no speaker 'carl'", "anna, ben"]),
        (["speak", "hello", "--model", "table"], ["name one (--to)", "anna, ben"]),
        (["speak", "none.txt", "--model", "one"], ["none.txt: no such file"]),
        (["speak", "hello", "--model", "one", "--speed", "0"], ["the speed must be"]),
        (["speak", "hello", "--model", "one", "--prompt", "source.wav"], ["does not take the voice of a recording"]),
        (["speak", "hello", "--model", "table", "--prompt", "source.wav", "--to", "ben"], ["--to and --prompt"]),
        (["convert", "source.wav", "--model", "table", "--to", "ben"], ["say who speaks in it (--from)"]),
        (["convert", "source.wav", "--model", "table", "--to", "ben", "--from", "x"], ["no speaker 'x'"]),
        (["convert", "source.wav", "--model", "table", "--from", "anna"], ["either recordings", "--to"]),
        (["convert", "source.wav", "source.wav", "--model", "table", "--to", "ben"], ["one of both"]),
        (["convert", "source.wav", "source.wav", "--model", "table"], ["knows its speakers by name"]),
    ],
)
def test_what_cannot_be_said_is_one_line(run, presets, monkeypatch, tmp_path, arguments, words):
    monkeypatch.chdir(presets)
    assert refused_here(run(*arguments, "--out", tmp_path / "x.wav"), *words)
    assert list(tmp_path.iterdir()) == []


def refused_here(done, *words):
    code, _, line = done
    assert code == 2
    assert line.startswith("tfvc: error: ")
    assert line.count("\n") == 1
    assert all(word in line for word in words), line
    return True


def test_a_voice_that_only_converts_does_not_speak(run, narrow_preset, tmp_path, ge2e):
    out = ("--model", narrow_preset, "--out", tmp_path / "x.wav")
    assert refused_here(run("speak", "hello", *out), "does not read texts")
    assert refused_here(run("convert", "a.wav", *out, "--to", "anna"), "anna: AutoVC knows no speakers by name")


def test_files_of_lines_say_where_they_stand(run, presets, tmp_path):
    file, out = tmp_path / "lines.txt", ("--model", presets / "one", "--out", tmp_path / "x.wav")
    for content, words in (
        (b"fine\n\n99\n", "lines.txt, line 3: the voice has no symbol for '9'"),
        (b"\n", "lines.txt: is empty"),
        (b"caf\xe9\n", "lines.txt: no text in UTF-8"),
    ):
        file.write_bytes(content)
        assert refused_here(run("speak", file, *out), words)


def test_onnx_files_that_are_none(tmp_path):
    config = tmp_path / "v.onnx.json"
    for model, words in (
        ("vits", r"v\.onnx\.json: missing"),
        ("autovc", "no such model is read from ONNX; choose one of vits"),
    ):
        with pytest.raises(TfvcError, match=words):
            import_onnx(model, tmp_path / "v.onnx", tmp_path / "preset")
    config.write_text(json.dumps({"model": {}}))
    with pytest.raises(TfvcError, match="not the JSON of a Piper voice"):
        import_onnx("vits", tmp_path / "v.onnx", tmp_path / "preset")
    config.write_text(json.dumps({"phoneme_id_map": {}}))
    with pytest.raises(TfvcError, match=r"v\.onnx: no such file"):
        import_onnx("vits", tmp_path / "v.onnx", tmp_path / "preset")
    assert not (tmp_path / "preset").exists()
