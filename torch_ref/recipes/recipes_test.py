"""The recipes take their steps on a CPU too, without the graphs."""

import numpy as np
import pytest
import soundfile
import torch

from torch_ref.recipes import autovc_small, hifigan_small
from torch_ref.recipes.corpus import Rows, load_waves, read_waves, recordings


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    for speaker in ("a", "b"):
        (folder / speaker).mkdir()
        soundfile.write(folder / speaker / "x.flac", 0.1 * rng.standard_normal(40000), 16000)
    return folder


def test_crops_lie_within_their_sequence():
    rows = Rows.of([torch.arange(10), 100 + torch.arange(7), 200 + torch.arange(5)])
    torch.manual_seed(0)
    values, chosen = rows.draw(500, 5)
    assert set(chosen.tolist()) == {0, 1, 2}
    assert (values // 100 == chosen[:, None]).all()
    assert (values.diff(dim=1) == 1).all()
    assert {int(v) for v in values[chosen == 0][:, 0]} == set(range(6))


def test_faster_is_shorter_and_higher(corpus):
    files = recordings(corpus)
    plain, fast = (read_waves(files, 22050, percent)[0] for percent in (100, 125))
    assert len(plain) == pytest.approx(1.25 * len(fast), abs=2)


@pytest.mark.slow
def test_autovc_learns(corpus, tmp_path):
    settings = autovc_small.Settings(percents=(100, 119), batch=2, frames=64)
    names = [f"{path.relative_to(corpus).as_posix()}@{p}" for path in recordings(corpus) for p in settings.percents]
    np.savez(tmp_path / "voices.npz", **{name: np.eye(256, dtype=np.float32)[i] for i, name in enumerate(names)})
    torch.manual_seed(0)
    mels, voices = autovc_small.load_mels(corpus, tmp_path / "voices.npz", settings.percents, settings.frames, "cpu")
    assert len(voices) == 4
    run = autovc_small.Run(settings, mels, voices)
    before = run.result()["decoder.linear_projection.linear_layer.weight"].clone()
    assert [run.begin(progress) for progress in (0.0, 0.5)] == ["step"] * 2
    run.stages()["step"]()
    assert run.result().keys() == run.model.state_dict().keys()
    assert (run.result()["decoder.linear_projection.linear_layer.weight"] != before).any()


@pytest.mark.slow
def test_hifigan_takes_the_generator_first_alone(corpus):
    torch.manual_seed(0)
    run = hifigan_small.Run(hifigan_small.Settings(batch=1, segment=4096, bf16=False), load_waves(corpus, 22050, "cpu"))
    judges = [parameter.clone() for parameter in run.judges]
    assert (run.begin(0.0), float(run.rate)) == ("generator alone", pytest.approx(5e-4))
    run.stages()["generator alone"]()
    assert all((a == b).all() for a, b in zip(judges, run.judges, strict=True))
    assert (run.begin(0.2), float(run.rate)) == ("both", pytest.approx(2e-4, rel=0.02))
    run.stages()["both"]()
    assert any((a != b).any() for a, b in zip(judges, run.judges, strict=True))
    assert run.begin(1.0) == "both"
    assert float(run.rate) == pytest.approx(2e-5)
