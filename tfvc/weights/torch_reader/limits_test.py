"""Files that say more than they hold: refused before memory is taken for it, as what is damaged or nonsense is."""

import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from tfvc.weights import WeightError, find_state_dict, read_torch_file, torch_reader
from tfvc.weights.torch_reader.nothing_runs_test import ORDERED, stack_global, text

HUGE = 10**18
FLOATS = b"ctorch\nFloatStorage\n"


def number(value):
    data = value.to_bytes(max(1, value.bit_length() // 8 + 1), "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(numel, key="0", kind=FLOATS, rest=b""):
    return b"(" + text("storage") + kind + text(key) + text("cpu") + number(numel) + rest + b"tQ"


def tensor(size, stride, offset=0, of=None, function=b"ctorch._utils\n_rebuild_tensor_v2\n", rest=b"\x89N"):
    return function + b"(" + (of or storage(4)) + number(offset) + numbers(size) + numbers(stride) + rest + b"tR"


def in_dict(value):
    return b"\x80\x02}" + text("w") + value + b"s."


TENSORS = {
    "more dimensions than strides": (tensor([2, 2], [1]), "dimensions"),
    "a negative stride": (tensor([2], [-1], 3), "strides"),
    "a negative offset": (tensor([2], [1], -1), "whole numbers"),
    "a negative size": (tensor([-2], [1]), "whole numbers"),
    "beyond by offset": (tensor([4], [1], 1), "beyond its storage"),
    "beyond by stride": (tensor([2], [4]), "beyond its storage"),
    "beyond by a stride of any length": (tensor([2], [HUGE]), "beyond its storage"),
    "a million million of one": (tensor([10**6, 10**6], [0, 0]), "clone"),
    "more than any memory": (tensor([HUGE] * 3, [0, 0, 0]), "any memory"),
    "empty and more than any memory": (tensor([0, HUGE, HUGE], [1, 1, 1]), "any memory"),
    "a hundred dimensions": (tensor([1] * 100, [1] * 100), "more than 64"),
    "sizes that are no tuple": (tensor([1], [1]).replace(numbers([1]), text("one"), 1), "sizes"),
    "a size that is a bool": (tensor([1], [1]).replace(numbers([1]), b"\x88\x85", 1), "whole numbers"),
    "a storage greater than the file": (tensor([2], [1], of=storage(HUGE)), "more than are in the file"),
    "a storage of less than nothing": (tensor([0], [1], of=storage(-1)), "more than are in the file"),
    "a storage greater than its member": (tensor([2], [1], of=storage(8)), "16 of its 32 bytes"),
    "a storage that is not there": (tensor([2], [1], of=storage(4, "no")), "data/no is not in its zip"),
    "a storage whose name leads out": (tensor([2], [1], of=storage(4, "../data.pkl")), "not in its zip"),
    "a storage of two sizes": (b"(" + tensor([2], [1]) + tensor([2], [1], of=storage(2)) + b"l", "two sizes"),
    "a part outside its storage": (
        tensor([1], [1], of=storage(4, rest=b"(" + text("v") + number(3) + number(2) + b"t")), "outside it"
    ),
    "no storage at all": (tensor([2], [1], of=text("storage")), "not put together"),
    "a storage of no class": (tensor([2], [1], of=storage(4, kind=text("FloatStorage"))), "not declared"),
    "a whole module": (b"(" + text("module") + ORDERED + text("a.py") + text("source") + b"tQ", "not declared"),
    "too few facts": (b"ctorch._utils\n_rebuild_tensor_v2\n)R", "not put together"),
    "a lazy conjugate": (tensor([2], [1], rest=b"\x89N}" + text("conj") + b"\x88s"), "resolve_conj"),
    "a sparse one": (b"ctorch._utils\n_rebuild_sparse_tensor\n)R", "to_dense"),
    "a quantised one": (b"ctorch._utils\n_rebuild_qtensor\n)R", "dequantize"),
    "a meta one": (b"ctorch._utils\n_rebuild_meta_tensor_no_storage\n)R", "no values"),
    "a type that NumPy has not": (b"ctorch\nfloat8_e8m0fnu\n", "NumPy cannot hold"),
    "another function inside": (
        b"ctorch._tensor\n_rebuild_from_type_v2\n(ccollections\nOrderedDict\nctorch\nTensor\n)NtR", "not put together"
    ),
}  # fmt: skip

DATA = {
    "bytes of a number": (b"c__builtin__\nbytes\n" + number(10**12) + b"\x85R", "string of bytes"),
    "bytearray of a number": (b"c__builtin__\nbytearray\n" + number(10**12) + b"\x85R", "string of bytes"),
    "another encoding": (b"c_codecs\nencode\n" + text("a") + text("hex") + b"\x86R", "string of bytes"),
    "what latin-1 has not": (b"c_codecs\nencode\n" + text("ж") + text("latin1") + b"\x86R", "string of bytes"),
    "a set of a number": (b"c__builtin__\nset\n" + number(3) + b"\x85R", "makes a set"),
    "a list in a set": (b"\x8f(]\x90", "a list is the key"),
    "a tensor as a key": (b"}" + tensor([1], [1]) + b"Ns", "a ndarray is the key"),
    "an OrderedDict of a number": (ORDERED[:-2] + number(3) + b"\x85R", "makes a OrderedDict"),
    "a Counter of strings": (b"ccollections\nCounter\n}" + text("a") + text("b") + b"s\x85R", "makes a Counter"),
    "a complex of text": (b"c__builtin__\ncomplex\n" + text("1j") + b"\x85R", "complex"),
    "a device of a list": (b"ctorch\ndevice\n]\x85R", "torch.device"),
    "a string called": (text("posix.system") + text("ls") + b"\x85R", "calls a str"),
    "a type called": (b"ctorch\nfloat32\n)R", "calls a TorchDtype"),
    "a storage class called": (FLOATS + number(10**12) + b"\x85R", "calls a StorageClass"),
    "no tuple of arguments": (ORDERED[:-2] + b"]R", "calls a Function"),
    "a state of a dict": (b"}}b", "gives a dict a state"),
    "a state of a list in two parts": (ORDERED + b"N}\x86b", "a state"),
    "a name of no string": (b"NN\x93", "by what is no string"),
    "a name of many lines": (stack_global("a\nb" * 100, "c\r\n"), "refused, it holds a?ba?b"),
    "the id of another pickler": (b"Psomething\n", "PERSID"),
    "a buffer from elsewhere": (b"\x97", "NEXT_BUFFER"),
    "an item for a tuple": (b")Na", "puts items into"),
    "a key without a value": (b"}(Nu", "key without a value"),
    "what was not said": (b"h\x07", "has not said"),
    "a mark that is missing": (b"t", "misses a mark"),
    "more than there is": (b"\x87", "takes more than there is"),
    "a string longer than the file": (b"\x8e" + struct.pack("<Q", 2**60) + b"a", "truncated"),
    "a number longer than the file": (b"\x8b" + struct.pack("<i", 2**31 - 1) + b"a", "truncated"),
    "a number of a million digits": (b"L" + b"9" * 10**6 + b"L\n", "truncated or damaged"),
    "objects in an array": (b"cnumpy\ndtype\n" + text("O8") + b"\x85R", "NumPy's O8"),
    "dates": (b"cnumpy\ndtype\n" + text("M8") + b"\x85R", "NumPy's M8"),
    "a scalar of other bytes": (
        b"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n" + text("f8") + b"\x85RC\x03abc\x86R", "NumPy scalar"
    ),
    "an array greater than its bytes": (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + numbers([0]) + b"C\x01b\x87R"
        b"(K\x01" + numbers([10**9, 1000]) + b"cnumpy\ndtype\n" + text("f8") + b"\x85R\x89C\x03abctb", "NumPy array"
    ),
}  # fmt: skip


@pytest.fixture
def cheap():
    """Fails what takes 8 MB or 20 seconds."""
    tracemalloc.start()
    began = time.process_time()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
    assert time.process_time() - began < 20


@pytest.mark.parametrize("case", TENSORS)
def test_tensors(zip_file, refused, cheap, case):
    value, words = TENSORS[case]
    refused(zip_file(in_dict(value), {"data/0": np.arange(4, dtype="<f4").tobytes()}), words)


@pytest.mark.parametrize("case", DATA)
def test_data(zip_file, refused, cheap, case):
    value, words = DATA[case]
    refused(zip_file(in_dict(value), {"data/0": bytes(16)}), words)


def test_what_is_whole_is_read(zip_file):
    """The same by the same hand, without a fault."""
    path = zip_file(in_dict(tensor([2, 2], [1, 2])), {"data/0": np.arange(4, dtype="<f4").tobytes()})
    assert read_torch_file(path)["w"].tolist() == [[0, 2], [1, 3]]


BOMBS = {
    "a tuple of itself twice, again and again, as a key": (b"}))\x86" + b"2\x86" * 60 + b"Ns", "a tuple is the key"),
    "a list made a set again and again": (
        b"(" + b"K\x01" * 10**5 + b"lq\x000" + b"c__builtin__\nset\nq\x010" + b"h\x01h\x00\x85R" * 10**4,
        "more than 1000000 parts",
    ),
    "a string encoded again and again": (
        text("a" * 10**5) + b"q\x000" + text("latin1") + b"q\x010c_codecs\nencode\nq\x020"
        + b"h\x02h\x00h\x01\x86R" * 3000,
        "more of its strings",
    ),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs(zip_file, refused, monkeypatch, bomb):
    monkeypatch.setattr("tfvc.weights.torch_reader.unpickle._MOST_STEPS", 10**6)
    value, words = BOMBS[bomb]
    path = zip_file(in_dict(value))
    tracemalloc.start()
    refused(path, words)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20


def test_memo_places_cost_nothing(zip_file, cheap):
    path = zip_file(in_dict(b"Nr\xff\xff\xff\xff0j\xff\xff\xff\xff"))
    assert torch_reader.read(path) == {"w": None}


def test_a_pickle_without_end_of_parts(zip_file, refused, monkeypatch):
    monkeypatch.setattr("tfvc.weights.torch_reader.unpickle._MOST_STEPS", 1000)
    refused(zip_file(in_dict(b"N0" * 600 + b"N")), "more than 1000 parts")


def test_deep_and_circular_content(zip_file):
    """Read as it is; what looks for the state dict does not follow it for ever."""
    deep = torch_reader.read(zip_file(in_dict(b"]" * 10**5 + b"a" * (10**5 - 1))))
    assert type(deep["w"]) is list
    circle = zip_file(b"\x80\x02}q\x00" + text("model") + b"h\x00s.")
    with pytest.raises(WeightError, match="no state dict in it; its keys are model"):
        read_torch_file(circle)
    wrapped = b"}" + (text("model") + b"}") * 10**4 + b"s" * 10**4
    with pytest.raises(WeightError, match="no state dict"):
        read_torch_file(zip_file(b"\x80\x02" + wrapped + b"."))


@pytest.mark.parametrize(("key", "shown"), [(3, "3 is no string but of int"), ((1, "a"), "tuple"), (None, "NoneType")])
def test_keys_that_are_no_strings(key, shown):
    with pytest.raises(WeightError, match=f"a.pt: its key {shown}"):
        find_state_dict({"w": np.ones(2), key: np.ones(2)}, "a.pt")


class TestZips:
    def test_compressed(self, zip_file, refused, cheap):
        refused(zip_file(in_dict(text("a") * 2 + b"0" + b"N0" * 10**6), compression=zipfile.ZIP_DEFLATED), "compressed")

    def test_members_over_each_other(self, zip_file, refused, cheap):
        """A thousand names for the same bytes."""
        keys = [f"{i:03}" for i in range(100)]
        content = b"(" + b"".join(tensor([2500], [1], of=storage(2500, key)) for key in keys) + b"l"
        path = zip_file(in_dict(content), {f"data/{key}": bytes(10**4) if key == "000" else b"" for key in keys})
        data = bytearray(path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            first = archive.getinfo("archive/data/000").header_offset
        at = data.index(b"PK\x01\x02")
        while at >= 0:
            if data[at + 46 : at + 59] == b"archive/data/":
                struct.pack_into("<II", data, at + 20, 10**4, 10**4)
                struct.pack_into("<I", data, at + 42, first)
            at = data.find(b"PK\x01\x02", at + 4)
        path.write_bytes(data)
        refused(path, "more than are in the file")

    @pytest.mark.parametrize("name", ["data.pkl", "data/0"])
    def test_a_member_greater_than_the_file(self, zip_file, refused, cheap, name):
        path = zip_file(in_dict(tensor([4], [1])), {"data/0": bytes(16)})
        data = bytearray(path.read_bytes())
        entry = data.rindex(f"archive/{name}".encode()) - 46
        struct.pack_into("<II", data, entry + 20, 2**31, 2**31)
        path.write_bytes(data)
        refused(path, f"{name} ends behind the file")

    def test_two_members_of_one_name(self, zip_file, refused):
        path = zip_file(in_dict(b"N"))
        with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("archive/data.pkl", in_dict(b"N"))
        refused(path, "two members of one name")

    @pytest.mark.parametrize("order", [b"little", b"big"])
    def test_byte_order(self, zip_file, order):
        values = np.arange(4, dtype=">f4" if order == b"big" else "<f4")
        path = zip_file(in_dict(tensor([4], [1])), {"data/0": values.tobytes(), "byteorder": order})
        assert read_torch_file(path)["w"].tolist() == [0, 1, 2, 3]

    def test_byte_order_of_its_own(self, zip_file, refused):
        refused(zip_file(in_dict(tensor([4], [1])), {"data/0": bytes(16), "byteorder": b"middle"}), "neither")


class TestLegacy:
    def test_python_2_with_parts_of_storages(self, legacy_file):
        """Strings of Python 2, and views declared as such, as torch wrote them until 0.4."""
        part = b"(" + text("7") + number(2) + number(2) + b"t"
        content = b"\x80\x02}U\x01w" + tensor(
            [2], [1], of=storage(4, rest=part), function=b"ctorch._utils\n_rebuild_tensor\n", rest=b""
        )
        path = legacy_file(content + b"s.", {"0": (4, np.arange(4, dtype="<f4").tobytes())})
        assert read_torch_file(path)["w"].tolist() == [2, 3]

    @pytest.mark.parametrize(
        ("storages", "words"),
        [
            ({}, "not those of its tensors"),
            ({"0": (4, bytes(16)), "1": (1, bytes(4))}, "not those of its tensors"),
            ({"0": (3, bytes(16))}, "not of the size"),
            ({"0": (4, bytes(15))}, "truncated"),
            ({"0": (2**63, b"")}, "not of the size"),
        ],
    )
    def test_storages(self, legacy_file, refused, storages, words):
        refused(legacy_file(in_dict(tensor([4], [1], of=storage(4, rest=b"N"))), storages), words)

    def test_declared_greater_than_the_file(self, legacy_file, refused, cheap):
        refused(legacy_file(in_dict(tensor([4], [1], of=storage(10**9, rest=b"N"))), {"0": (10**9, b"")}), "more than")
