"""What the reader gives beside what torch.load(weights_only=True) gives, bit for bit."""

import io
from collections import Counter, OrderedDict

import numpy as np
import pytest

from tfvc.weights import torch_reader
from tfvc.weights.torch_reader.dtypes import DTYPES, STORAGES

torch = pytest.importorskip("torch")

# Types of NumPy and torch alike, by their size in bytes: torch looks at the same bits as whatever else is as wide.
BITS = {1: np.uint8, 2: np.int16, 4: np.int32, 8: np.int64, 16: np.complex128}


def as_array(tensor):
    tensor = tensor.detach()
    return (tensor.float() if DTYPES[str(tensor.dtype).removeprefix("torch.")].widen else tensor).numpy()


def assert_same(ours, theirs):
    if isinstance(theirs, torch.Tensor):
        want = as_array(theirs)
        assert type(ours) is np.ndarray
        assert (ours.dtype, ours.shape) == (want.dtype, want.shape)
        assert ours.tobytes() == want.tobytes()
    elif isinstance(theirs, torch.Size):
        assert type(ours) is tuple
        assert ours == tuple(theirs)
    elif isinstance(theirs, torch.dtype | torch.device):
        assert str(ours) == str(theirs)
    else:
        assert type(ours) is type(theirs)
        if isinstance(theirs, dict):
            assert list(ours) == list(theirs)
            assert all(assert_same(ours[key], theirs[key]) is None for key in theirs)
        elif isinstance(theirs, list | tuple):
            assert len(ours) == len(theirs)
            assert all(assert_same(a, b) is None for a, b in zip(ours, theirs, strict=True))
        else:
            assert ours == theirs


PLAIN = [
    *(None, True, False, 0, -1, 255, 65536, -(2**31), 2**40, -(2**70), 1.5, -0.0, float("inf"), 2 - 1j),
    *("", "ключ", "a\nb", "x" * 300, b"\x00\xff", bytearray(b"ab")),
    *((), [], {}, set(), {1, 2}, Counter("aab")),
    *(torch.Size([2, 3]), torch.float32, torch.bfloat16, torch.device("cpu"), torch.device("cuda", 1)),
]


class Drawing:
    """Contents of files, drawn from one seed: tensors, where they lie in what storages, and what is around them."""

    def __init__(self, seed, types=tuple(DTYPES)):
        self.types = types
        self.rng = np.random.default_rng(seed)
        self.bases = [self.base() for _ in range(self.rng.integers(1, 4))]

    def pick(self, choices):
        return choices[self.rng.integers(len(choices))]

    def base(self):
        """A tensor [n] of any bits, NaNs among them; n is 0 at times."""
        name = self.pick(self.types)
        count = int(self.pick([0, 1, 7, 60]))
        itemsize = DTYPES[name].raw.itemsize
        if name == "bool":
            return torch.from_numpy(self.rng.integers(0, 2, count).astype(bool))
        raw = self.rng.integers(0, 256, count * itemsize, np.uint8).view(BITS[itemsize])
        return torch.from_numpy(raw).view(getattr(torch, name))

    def tensor(self):
        base = self.pick(self.bases)
        dims = int(self.rng.integers(0, 4))
        size = (
            self.rng.integers(0, 4, dims)
            if len(base) == 0 or self.rng.random() < 0.1
            else self.rng.integers(1, 5, dims)
        )
        stride = self.rng.integers(0, 5, dims)
        reach = int(((size - 1) * stride).sum()) + 1 if (size > 0).all() else 0
        if reach > len(base):
            return base
        offset = int(self.rng.integers(0, len(base) - reach + 1))
        return self.dressed(base.as_strided(size.tolist(), stride.tolist(), offset))

    def dressed(self, view):
        if view.dtype not in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.complex64):
            return view
        how = self.rng.random()
        if how < 0.2:
            return torch.nn.Parameter(view, requires_grad=bool(self.rng.integers(2)))
        if how < 0.3:
            parameter = torch.nn.Parameter(view)
            parameter.note = "an attribute"
            return parameter
        if how < 0.4:
            view = view.detach()
            view.note = "an attribute"
            return view
        return view.detach().requires_grad_(how < 0.6)

    def plain(self):
        return self.pick(PLAIN)

    def content(self, depth=3):
        kind = self.rng.random()
        if depth == 0 or kind < 0.25:
            return self.tensor() if self.rng.random() < 0.7 else self.plain()
        parts = [self.content(depth - 1) for _ in range(self.rng.integers(1, 5))]
        if kind < 0.35:
            return parts
        if kind < 0.45:
            return tuple(parts)
        keys = [
            self.pick(["layer.weight", 3, (1, "a"), None, 2.5, "ü"]) if self.rng.random() < 0.3 else f"k{i}"
            for i in range(9)
        ]
        items = dict(zip(keys, parts, strict=False))
        if kind < 0.6:
            items = OrderedDict(items)
            items._metadata = OrderedDict({"": {"version": 1}})
        return items


@pytest.mark.parametrize("legacy", [False, True])
def test_a_thousand_drawn_files(tmp_path, legacy):
    """Five hundred of either form; of the older, torch itself does not read the types that have no storage class."""
    types = [dtype.name for dtype in STORAGES.values()] if legacy else list(DTYPES)
    path, tensors = tmp_path / "drawn.pt", 0
    for seed in range(legacy, 1000, 2):
        file = io.BytesIO()
        torch.save(Drawing(seed, types).content(), file, _use_new_zipfile_serialization=not legacy)
        path.write_bytes(file.getvalue())
        try:
            assert_same(torch_reader.read(path), torch.load(path, weights_only=True))
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
        tensors += file.getvalue().count(b"_rebuild_")
    assert tensors > 300


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol(tmp_path, protocol, legacy):
    """And every type: the content itself is what is compared with, for torch.load(weights_only=True) reads fewer."""
    for seed in range(40):
        drawn = Drawing(seed)
        content = [drawn.content(), frozenset({1, "a"}), b"", {"tensor": drawn.tensor()}]
        torch.save(content, tmp_path / "p.pt", pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
        assert_same(torch_reader.read(tmp_path / "p.pt"), content)


def test_views_of_one_storage_stay_views_of_one(tmp_path):
    base = torch.arange(12.0)
    torch.save({"flat": base, "part": base[2:8].view(2, 3).t(), "wide": base[:1].expand(1000, 1000)}, tmp_path / "v.pt")
    content = torch_reader.read(tmp_path / "v.pt")
    content["flat"][2] = 50
    assert content["part"][0, 0] == 50
    assert content["wide"].strides == (0, 0)


NUMPY_VALUES = [
    np.float64(0.1), np.float32(-0.0), np.int64(-5), np.bool_(True), np.complex64(1j),
    np.str_("ключ"), np.bytes_(b"ab"),
    np.arange(6, dtype=">i4").reshape(2, 3), np.asfortranarray(np.ones((2, 3), np.float16)), np.zeros((0, 3)),
    np.array(["a", "bcd"]), np.array(2.5), np.arange(3000.0),
]  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("value", NUMPY_VALUES, ids=repr)
def test_numbers_and_text_of_numpy(tmp_path, protocol, value):
    torch.save({"v": value}, tmp_path / "n.pt", pickle_protocol=protocol)
    back = torch_reader.read(tmp_path / "n.pt")["v"]
    assert type(back) is type(value)
    assert back.shape == value.shape
    assert back.dtype == value.dtype.newbyteorder("=")
    assert back.tobytes() == value.astype(back.dtype).tobytes()
