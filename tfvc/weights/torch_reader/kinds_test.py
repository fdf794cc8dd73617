"""What is no torch file is told by its kind, with what to do."""

import argparse
import gzip
import io
import json
import pickle
import tarfile
import warnings

import h5py
import numpy as np
import pytest
from safetensors.numpy import save

from tfvc.weights import WeightError, load_torch_file

PAGE = b"\n<!DOCTYPE html>\n<html><head><title>Google Drive - Virus scan warning</title></head></html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4665225\nsize 5880251\n"
INDEX = json.dumps({"metadata": {"total_size": 5}, "weight_map": {"w": "model-00001-of-00002.bin"}}, indent=2).encode()


def tar(*names):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    return file.getvalue()


def h5():
    file = io.BytesIO()
    with h5py.File(file, "w") as h5_file:
        h5_file["w"] = np.ones(3)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def npy():
    file = io.BytesIO()
    np.save(file, np.ones(3))
    return file.getvalue()


KINDS = {
    "nothing": (b"", "empty; get the file again"),
    "a page": (PAGE, "HTML page"),
    "git-lfs": (POINTER, "git lfs pull"),
    "gzip": (gzip.compress(tar("model.ckpt")), "gzip"),
    "a NeMo archive": (tar("./model_config.yaml", "./model_weights.ckpt"), "tar archive"),
    "torch's oldest form": (tar("sys_info", "pickle", "tensors", "storages"), "before 0.1.10"),
    "h5": (h5(), "import-h5"),
    "safetensors": (save({"w": np.ones(3)}), "suffix .safetensors"),
    "the index of shards": (INDEX, "several files"),
    "JSON": (b'{"generator": {}}', "JSON"),
    "npz": (npz(w=np.ones(3)), "npz of NumPy"),
    "npy": (npy(), "npy of NumPy"),
    "a bare pickle": (pickle.dumps({"w": 1}), "bare pickle"),
    "a bare pickle of the second protocol": (pickle.dumps([1], 2), "bare pickle"),
    "zeros": (bytes(1000), "begins with 00 00 00"),
    "text": (b"hello\n", "begins with 68 65"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(tmp_path, refused, kind):
    data, words = KINDS[kind]
    (tmp_path / "weights.pt").write_bytes(data)
    refused(tmp_path / "weights.pt", words)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"readme.txt": b"hello"}, "not torch's: it holds"),
        ({"constants.pkl": b"", "code/__torch__.py": b""}, "TorchScript"),
        ({"model_config.yaml": b"", "model_weights.ckpt": b""}, "NeMo"),
        ({".data/extern_modules": b""}, "torch.package"),
        ({"metadata.json": b"", "model.weights.h5": b""}, ".keras"),
        ({"a.dist-info/WHEEL": b""}, "wheel"),
    ],
)
def test_other_zips(tmp_path, zip_file, refused, members, words):
    path = zip_file(b"\x80\x02}.", members)
    if "constants.pkl" not in members:
        path.write_bytes(path.read_bytes().replace(b"archive/data.pkl", b"archive/date.pkl"))
    refused(path, words)


def test_torchscript_that_torch_saved(tmp_path, refused):
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings(action="ignore"):  # torch.jit is on its way out
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "script.pt")
    refused(tmp_path / "script.pt", "torch.jit.load")


def test_a_whole_model_that_torch_saved(tmp_path, refused):
    torch = pytest.importorskip("torch")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "whole.pt")
    assert "torch.nn.modules.linear.Linear: a whole model" in refused(tmp_path / "whole.pt", "state_dict")


def test_a_class_is_named(tmp_path, refused):
    torch = pytest.importorskip("torch")
    torch.save({"w": torch.ones(2), "args": argparse.Namespace(lr=0.1)}, tmp_path / "args.pt")
    refused(tmp_path / "args.pt", "holds argparse.Namespace: an object of a class")


@pytest.mark.parametrize("legacy", [False, True])
def test_cut_anywhere(tmp_path, refused, legacy):
    torch = pytest.importorskip("torch")
    torch.save({"w": torch.ones(40, 50), "step": 3}, tmp_path / "a.pt", _use_new_zipfile_serialization=not legacy)
    whole = (tmp_path / "a.pt").read_bytes()
    for length in {1, 2, 3, 5, *range(10, len(whole), 397), len(whole) - 1}:
        (tmp_path / "cut.pt").write_bytes(whole[:length])
        refused(tmp_path / "cut.pt")


@pytest.mark.parametrize(
    ("data", "words"), [(PAGE, "HTML page"), (POINTER, "git lfs"), (pickle.dumps(1), "a torch file"), (b"", "empty")]
)
def test_kinds_with_the_suffix_safetensors(tmp_path, data, words):
    (tmp_path / "w.safetensors").write_bytes(data)
    with pytest.raises(WeightError, match=words):
        load_torch_file(tmp_path / "w.safetensors")
