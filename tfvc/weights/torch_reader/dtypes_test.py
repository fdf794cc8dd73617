import numpy as np
import pytest

from tfvc.weights.torch_reader.dtypes import DTYPES

WIDENED = {"float8_e4m3fn": 256, "float8_e5m2": 256, "float8_e4m3fnuz": 256, "float8_e5m2fnuz": 256, "bfloat16": 65536}


@pytest.mark.parametrize("name", WIDENED)
def test_every_code_widens_as_in_torch(name):
    torch = pytest.importorskip("torch")
    dtype = DTYPES[name]
    codes = np.arange(WIDENED[name]).astype(dtype.raw)
    out = np.empty(len(codes), np.float32)
    dtype.widen(codes, out)
    view = codes.view({1: np.uint8, 2: np.int16}[codes.itemsize])
    want = torch.from_numpy(view).view(getattr(torch, name)).float().numpy()
    assert out.tobytes() == want.tobytes()


def test_all_types_that_widen_are_looked_at():
    assert {name for name, dtype in DTYPES.items() if dtype.widen} == set(WIDENED)
