import json

import numpy as np
import pytest

from tfvc.audio import read, write
from tfvc.cli.conftest import refused
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


def test_a_text_becomes_a_file(tfvc, presets, tmp_path):
    done = tfvc("speak", "Hello; there. Bye!", "--model", presets / "one", "--out", tmp_path / "a.wav", "--seed", 5)
    assert done.returncode == 0, done.stderr
    wave, rate = read(tmp_path / "a.wav")
    assert rate == 8000
    assert done.stdout == f"wrote {tmp_path / 'a.wav'}: {len(wave) / 8000:.2f} s\n"
    assert "note: left out, since the voice has no symbol for it: ;\n" in done.stderr
    assert "speaking: 2/2" in done.stderr
    arguments = ("--model", presets / "one", "--seed", 5, "--speed", 0.5, "--noise", 0, "--duration-noise", 0)
    assert tfvc("speak", "Hello; there. Bye!", *arguments, "--out", tmp_path / "b.wav").returncode == 0
    assert len(read(tmp_path / "b.wav")[0]) != len(wave)


def test_a_file_of_lines_becomes_a_file_or_a_folder(tfvc, presets, tmp_path):
    (tmp_path / "lines.txt").write_text("\ufeffHello there. Anna.\n\n  \nBye\n")
    arguments = ("speak", tmp_path / "lines.txt", "--model", presets / "table", "--to", "ben", "--out")
    done = tfvc(*arguments, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["001.wav", "002.wav"]
    assert "speaking: 3/3" in done.stderr
    assert tfvc(*arguments, tmp_path / "all.flac").returncode == 0
    parts = [read(tmp_path / "out" / name)[0] for name in ("001.wav", "002.wav")]
    whole = read(tmp_path / "all.flac")[0]
    np.testing.assert_array_equal(whole[: len(parts[0])], parts[0])
    assert len(whole) > sum(map(len, parts))


def test_a_recording_of_one_speaker_becomes_anothers(tfvc, presets, tmp_path):
    arguments = ("convert", presets / "source.wav", "--model", presets / "table", "--from", "anna", "--to")
    for who, name in (("ben", "a.wav"), ("2", "b.wav"), ("1", "c.wav")):
        done = tfvc(*arguments, who, "--out", tmp_path / name)
        assert done.returncode == 0, done.stderr
    first, same, other = (read(tmp_path / name)[0] for name in ("a.wav", "b.wav", "c.wav"))
    assert len(first) == 5001
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_info_lists_speakers(tfvc, presets):
    shown = tfvc("info", presets / "table").stdout
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
def test_what_cannot_be_said_is_one_line(presets, monkeypatch, tmp_path, capsys, arguments, words):
    from tfvc.cli import main

    monkeypatch.chdir(presets)
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--out", str(tmp_path / "x.wav")])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tfvc: error: ")
    assert all(word in line for word in words), line
    assert list(tmp_path.iterdir()) == []


def test_a_voice_that_only_converts_does_not_speak(tfvc, narrow_preset, tmp_path, ge2e):
    out = tmp_path / "x.wav"
    assert refused(tfvc("speak", "hello", "--model", narrow_preset, "--out", out), "does not read texts")
    arguments = ("convert", "a.wav", "--model", narrow_preset, "--out", out, "--to")
    assert refused(tfvc(*arguments, "anna"), "anna: AutoVC knows no speakers by name")


def test_lines_say_where_they_stand(tfvc, presets, tmp_path):
    (tmp_path / "lines.txt").write_text("fine\n\n99\n")
    arguments = ("--model", presets / "one", "--out", tmp_path / "x.wav")
    assert refused(
        tfvc("speak", tmp_path / "lines.txt", *arguments), "lines.txt, line 3: the voice has no symbol for '9'"
    )
    (tmp_path / "empty.txt").write_text("\n")
    assert refused(tfvc("speak", tmp_path / "empty.txt", *arguments), "empty.txt: is empty")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    assert refused(tfvc("speak", tmp_path / "latin.txt", *arguments), "latin.txt: no text in UTF-8")


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
