"""`.safetensors` files, beside what safetensors gives to torch."""

import numpy as np
import pytest

from tfvc.weights import WeightError, read_torch_file

torch = pytest.importorskip("torch")

TYPES = [
    *(
        "float64",
        "float32",
        "float16",
        "bfloat16",
        "float8_e4m3fn",
        "float8_e5m2",
        "float8_e4m3fnuz",
        "float8_e5m2fnuz",
    ),
    *("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool", "complex64"),
]


@pytest.mark.parametrize("name", TYPES)
def test_every_type(tmp_path, name):
    from safetensors.torch import load_file, save_file

    values = torch.tensor([[0.0, 1.0, 2.5], [96.0, 0.125, 3.0]]).to(getattr(torch, name))
    save_file({"w": values, "scalar": values[0, 1].clone(), "none": values[:0].clone()}, tmp_path / "w.safetensors")
    state = read_torch_file(tmp_path / "w.safetensors")
    assert state.keys() == {"w", "scalar", "none"}
    for key, tensor in load_file(tmp_path / "w.safetensors").items():
        want = (tensor.float() if "bfloat" in name or "float8" in name else tensor).numpy()
        assert (state[key].dtype, state[key].shape) == (want.dtype, want.shape)
        assert state[key].tobytes() == want.tobytes()
        assert state[key].flags.writeable


def test_a_type_that_numpy_has_not(tmp_path):
    from safetensors.torch import save_file

    save_file({"w": torch.zeros(3, dtype=torch.uint8).view(torch.float8_e8m0fnu)}, tmp_path / "w.safetensors")
    with pytest.raises(WeightError, match="w: its type F8_E8M0"):
        read_torch_file(tmp_path / "w.safetensors")


def test_values_do_not_hang_on_the_file(tmp_path):
    from safetensors.numpy import save_file

    save_file({"w": np.ones(3, np.float32)}, tmp_path / "w.safetensors")
    state = read_torch_file(tmp_path / "w.safetensors")
    save_file({"w": np.zeros(3, np.float32)}, tmp_path / "w.safetensors")
    assert state["w"].tolist() == [1, 1, 1]
