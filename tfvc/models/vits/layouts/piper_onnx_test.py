"""A voice of several speakers and of high quality, written as Piper's exporter does."""

import dataclasses
import json

import numpy as np
import pytest

from tfvc.common.errors import TfvcError
from tfvc.models.vits import VITS
from tfvc.models.vits.adopt import adopt_onnx
from tfvc.models.vits.layouts.conftest import PIPER
from tfvc.voices.conftest import narrow_vits
from tfvc.weights import load_state_dict, state_dict
from tfvc.weights.onnx_reader.conftest import model as onnx_model
from tfvc.weights.onnx_reader.conftest import node, tensor

WAVENETS = ("in_layers", "res_skip_layers", "cond_layer")


@pytest.fixture(scope="module")
def voice():
    """ResBlock1, two speakers, without what is only for training: what Piper's `high` is like."""
    changes = {"resblock": "1", "resblock_kernel_sizes": (3, 5), "resblock_dilation_sizes": ((1, 3), (1, 2))}
    changes |= {"n_speakers": 2, "gin_channels": 5, "duration_flows": 4, "n_layers": 2}
    return narrow_vits(states={"fused": True, "speaking_only": True}, **changes)


def exported(model, folded):
    """Kernels of wavenets have lost their names, and exp(-logs) has been computed, or only -logs."""
    config, tensors, nodes = model.config, [], []
    for number, (key, value) in enumerate(state_dict(model).items()):
        path, _, kind = key.rpartition(".")
        name = f"onnx::Conv_{number}" if kind == "weight" and any(part in path for part in WAVENETS) else key
        if key == "dp.flows.0.logs":
            name, value = ("/dp/flows.0/Exp_output_0", np.exp(-value)) if folded else ("onnx::Exp_7", -value)
            nodes += [] if folded else [node("Exp", "/dp/flows.0/Exp", [name])]
        tensors.append(tensor(name, value))
        if kind == "weight" and value.ndim == 3:
            up = path.startswith("dec.ups.")
            operation = "ConvTranspose" if up else "Conv"
            stride = config.upsample_rates[int(path[-1])] if up else 1
            dilation = 1
            if ".convs1." in path:
                block, place = int(path.split(".")[2]), int(path[-1])
                dilation = config.resblock_dilation_sizes[block % len(config.resblock_kernel_sizes)][place]
            scope = scope_of(path, operation)
            nodes.append(node(operation, scope, ["x", name], strides=(stride,), dilations=(dilation,)))
    return onnx_model(tensors, nodes, ["input", "input_lengths", "scales", "sid"])


def scope_of(path, operation):
    """torch joins the index in a list of modules to the list's name by a period: `/dec/ups.0/ConvTranspose`."""
    parts = []
    for part in path.split("."):
        parts[-1:] = [f"{parts[-1]}.{part}"] if part.isdecimal() else [*parts[-1:], part]
    return "/" + "/".join([*parts, operation])


@pytest.mark.parametrize("folded", [True, False])
def test_its_sizes_speakers_and_weights_are_found(voice, tmp_path, folded):
    (tmp_path / "v.onnx").write_bytes(exported(voice, folded))
    (tmp_path / "v.onnx.json").write_text(json.dumps(PIPER | {"audio": {"sample_rate": 8000}}))
    adopted = adopt_onnx(tmp_path / "v.onnx", tmp_path / "v.onnx.json")
    # An export does not tell the posterior encoder, which is not there.
    assert adopted.config == dataclasses.replace(voice.config, spec_channels=513, posterior_layers=16)
    assert (adopted.mel_spec.sample_rate, adopted.inputs["speakers"]) == (8000, {"anna": 0, "ben": 1})
    expected = state_dict(voice)
    assert adopted.state.keys() == expected.keys()
    for key, value in expected.items():
        rounded = 1e-6 if key == "dp.flows.0.logs" else 0
        np.testing.assert_allclose(adopted.state[key], value, rtol=0, atol=rounded, err_msg=key)
    again = VITS(adopted.config, adopted.mel_spec, **VITS.states_in(adopted.state), **adopted.inputs)
    load_state_dict(again, adopted.state)
    (tmp_path / "v.onnx.json").write_text(json.dumps(PIPER | {"num_speakers": 1}))
    with pytest.raises(TfvcError, match="num_speakers is 1, the network has 2"):
        adopt_onnx(tmp_path / "v.onnx", tmp_path / "v.onnx.json")
