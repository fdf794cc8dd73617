"""The official AutoVC and its own speaker encoder, from drawn checkpoints of PyTorch to a converted recording."""

import json

import numpy as np
import pytest

from tfvc.audio import read, write
from tfvc.cli import main

torch = pytest.importorskip("torch")


@pytest.fixture
def run(capsys):
    """`run(...)`: exit code, what was printed, what was said of errors."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.mark.slow
def test_an_imported_official_autovc_refuses_ge2e_and_converts_with_its_own_encoder(run, ge2e, tmp_path, monkeypatch):
    from torch_ref.autovc import Generator
    from torch_ref.speaker_encoder import DVector

    torch.manual_seed(0)
    torch.save({"model": Generator().state_dict()}, tmp_path / "autovc.ckpt")
    torch.save({"model_b": DVector().state_dict()}, tmp_path / "3000000-BL.ckpt")
    write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.05, 9000).astype(np.float32), 16000)
    convert = (
        "convert",
        tmp_path / "a.wav",
        tmp_path / "a.wav",
        "--out",
        tmp_path / "x.wav",
        "--model",
        tmp_path / "v",
    )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ge2e.save_to_preset(tmp_path / "cache/tfvc/ge2e")

    imported = ("import-torch", "autovc", tmp_path / "autovc.ckpt", "--out", tmp_path / "v")
    assert run(*imported, "--speaker-encoder", "ge2e")[0] == 0
    assert json.loads((tmp_path / "v/encoder.json").read_text()) == ge2e.maker.to_dict()
    code, printed, _ = run(*imported)
    assert code == 0
    assert "takes speaker embeddings of dvector: convert with that encoder\nassumed that encoder, which no" in printed
    assert json.loads((tmp_path / "v/encoder.json").read_text()) == {"name": "dvector", "sha256": None}
    advice = (
        "name the right one by --speaker-encoder (tfvc import-torch speaker_encoder FILE --preset dvector --out DIR)\n"
    )
    for options, fault in (
        ((), "and no preset is called dvector"),
        (("--speaker-encoder", "ge2e"), f"the speaker encoder is {ge2e.maker}"),
    ):
        code, printed, errors = run(*convert, *options)
        start = f"tfvc: error: {tmp_path / 'v'} was trained on embeddings of dvector, {fault}"
        assert (code, printed, errors) == (2, "", f"{start}; {advice}")
    assert not (tmp_path / "x.wav").exists()

    imported = ("speaker_encoder", tmp_path / "3000000-BL.ckpt", "--preset", "dvector", "--out", tmp_path / "dvector")
    assert run("import-torch", *imported)[0] == 0
    assert run(*convert, "--speaker-encoder", tmp_path / "dvector")[0] == 0
    wave, rate = read(tmp_path / "x.wav")
    assert (len(wave), rate) == (9000, 16000)
    monkeypatch.setenv("TFVC_CHECKPOINTS", str(tmp_path))  # where it is found by its name
    before = (tmp_path / "x.wav").read_bytes()
    assert run(*convert)[0] == 0
    assert (tmp_path / "x.wav").read_bytes() == before
