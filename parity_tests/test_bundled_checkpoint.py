"""Do the bundled checkpoints convert and speak? A short form of the published protocol, on real speech."""

from pathlib import Path

import pytest

from tfvc.benchmark import load_protocol, run_protocol

PROTOCOL = Path(__file__).parents[1] / "checkpoints/protocol.toml"
SHORT = [("parallel.sentences", 1), ("unseen.pairs", 8), ("copy_synthesis.recordings", 4)]


@pytest.mark.real_data
@pytest.mark.slow
def test_the_bundled_checkpoints(ge2e, real_data, tmp_path):
    figures = run_protocol(load_protocol(PROTOCOL, SHORT), real_data, tmp_path / "figures")["figures"]
    parallel, unseen, copies = (figures[name] for name in ("parallel", "unseen", "copy_synthesis"))
    assert parallel["conversions"] == 12
    assert parallel["nearer_to_target"] > 0.9
    assert parallel["mcd_db_reduction"] > 0.1
    assert unseen["nearer_to_target"] >= 0.75
    assert unseen["cosine_difference"] > 0.1
    assert copies["hifigan_small"]["mel_l1"] < 0.45
    assert copies["hifigan_small"]["mel_l1"] < copies["melgan_small"]["mel_l1"]
    assert figures["long_recording"]["mel_l1_second_half_over_first"] < 1.1
