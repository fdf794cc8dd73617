"""A voice that others trained and exported, stage by stage beside PyTorch and onnxruntime."""

import numpy as np
import pytest

from tfvc.models.vits import VITS
from tfvc.models.vits.adopt import adopt_onnx
from tfvc.weights import load_state_dict

pytestmark = pytest.mark.real_data

STAGES = {
    "text_hidden": "hidden",
    "m_p": "symbol_mean",
    "logs_p": "symbol_log_scale",
    "logw": "log_durations",
    "z_p": "z_p",
    "z": "z",
    "audio_torch": "waveform",
}


@pytest.fixture(scope="module")
def models(real_data):
    """In float32 and in float64."""
    folder = real_data / "vits_joe"
    adopted = adopt_onnx(folder / "en_US-joe-medium.onnx", folder / "en_US-joe-medium.onnx.json")
    states = VITS.states_in(adopted.state)
    assert states == {"fused": True, "speaking_only": True}
    made = [VITS(adopted.config, adopted.mel_spec, **states, dtype=dtype) for dtype in ("float32", "float64")]
    for model in made:
        load_state_dict(model, adopted.state)
    return made


def speak(model, ids, frames):
    """All stages without noise."""
    dtype, lengths = model.variable_dtype, np.array([len(ids)])
    silence = np.zeros((1, frames, 192), dtype), np.zeros((1, len(ids), 2), dtype)
    text = model.encode_text(ids[None], lengths)
    found = {"hidden": text.hidden, "symbol_mean": text.mean, "symbol_log_scale": text.log_scale}
    found |= model.infer(ids[None], lengths, *silence)
    return {name: np.squeeze(found[name].numpy()) for name in STAGES.values()}


@pytest.mark.parametrize("case", [0, 1, 2])
def test_every_stage_is_as_near_to_float64_as_torchs(models, real_data, case):
    """Both run in float32; the reference is this network in float64. A stage may be three times as far as torch's."""
    with np.load(real_data / "vits_joe/cases.npz") as cases:
        theirs = {name: cases[f"{case}/{name}"] for name in (*STAGES, "audio_onnx", "ids")}
    frames = len(theirs["z"])
    ours, exact = (speak(model, theirs["ids"], frames) for model in models)
    for name, stage in STAGES.items():
        assert ours[stage].shape == theirs[name].shape
        noise = np.abs(theirs[name] - exact[stage]).max()
        assert 0 < noise < 1e-3 * np.abs(exact[stage]).max()
        assert np.abs(ours[stage] - exact[stage]).max() <= 3 * noise, name
    noise = np.abs(theirs["audio_onnx"] - exact["waveform"]).max()
    assert np.abs(ours["waveform"] - exact["waveform"]).max() <= 3 * noise
