"""Valid files with bytes changed at random: what comes out is a mapping or one line of refusal, and nothing is run."""

import contextlib
import io
import tracemalloc
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Mapping

import numpy as np
import pytest

from tfvc.weights import WeightError, find_state_dict, load_torch_file

torch = pytest.importorskip("torch")

CONTENT = {
    "model": OrderedDict({"w": torch.arange(6.0).view(2, 3).t(), "b": torch.ones(2).bfloat16(), "n": torch.tensor(3)}),
    "optimizer": {"state": {0: {"step": 3, "exp_avg": torch.ones(3, dtype=torch.float64)}}, "groups": [{"lr": 1e-3}]},
    "misc": [None, True, 2**70, -1.5, "a", b"\xff", (1, 2, 3, 4), {1, 2}, np.float64(2), np.arange(3), torch.Size([2])],
    "parameter": torch.nn.Parameter(torch.ones(2)),
}


def saved(protocol, legacy):
    file = io.BytesIO()
    torch.save(CONTENT, file, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


def with_changed_pickle(archive, rng):
    """The zip anew, so that its directory fits what was done to its pickle."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, changed(old.read(name), rng) if name.endswith("data.pkl") else old.read(name))
    return out.getvalue()


def changed(data, rng):
    """One to three changes of a few bytes."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(0, len(data)))
        match rng.integers(0, 6):
            case 0:
                data[at] ^= 1 << int(rng.integers(0, 8))
            case 1:
                data[at] = int(rng.integers(0, 256))
            case 2:
                del data[at : at + int(rng.integers(1, 9))]
            case 3:
                data[at:at] = rng.bytes(int(rng.integers(1, 9)))
            case 4:
                data[at : at + 4] = b"\xff" * 4
            case 5:
                start = int(rng.integers(0, len(data)))
                data[at:at] = data[start : start + int(rng.integers(1, 40))]
    return bytes(data)


# pickletools, of escapes in what was a string.
@pytest.mark.filterwarnings("ignore:invalid:DeprecationWarning")
@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("change", ["older form", "zip", "pickle in a zip"])
def test_changed_files(tmp_path, watched, change, protocol):
    """A thousand and more in all, from one seed a kind."""
    rng, path, ends = np.random.default_rng(protocol), tmp_path / "changed.pt", Counter()
    whole = saved(protocol, change == "older form")
    for _ in range(200):
        path.write_bytes(with_changed_pickle(whole, rng) if change == "pickle in a zip" else changed(whole, rng))
        tracemalloc.start()
        with watched():
            error = read(path)
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
        tracemalloc.stop()
        assert error is None or (error.startswith(f"{path}: ") and "\n" not in error)
        ends[error is None] += 1
    assert len(ends) == 2


def read(path):
    """What the refusal says, None if there is none."""
    try:
        content = load_torch_file(path)
        assert isinstance(content, Mapping)
        with contextlib.suppress(WeightError):
            find_state_dict(content, path)
    except WeightError as error:
        return str(error)
    return None
