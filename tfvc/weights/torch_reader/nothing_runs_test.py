"""Pickles that run code where pickle reads them, and run nothing here."""

import contextlib
import copyreg
import pickle
import struct

import pytest

ORDERED = b"ccollections\nOrderedDict\n)R"


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def stack_global(module, name):
    return text(module) + text(name) + b"\x93"


def command(flag):
    return text(f"touch {flag}")


def source(flag):
    return text(f"open({str(flag)!r}, 'w').close()")


def mapped(flag):
    """map and its arguments, (posix.system, [command])"""
    return b"cbuiltins\nmap\ncposix\nsystem\n(" + command(flag) + b"l\x86"


LISTED = b"q\x000cbuiltins\nlist\nh\x00\x85R"  # list() of what was made last


# Each makes the body of a pickle that leaves the file `flag` behind where pickle itself reads it.
RUNS = {
    "REDUCE posix.system": lambda flag: b"cposix\nsystem\n" + command(flag) + b"\x85R",
    "REDUCE os.system": lambda flag: b"cos\nsystem\n(" + command(flag) + b"tR",
    "REDUCE builtins.eval": lambda flag: b"cbuiltins\neval\n" + source(flag) + b"\x85R",
    "REDUCE __builtin__.eval": lambda flag: b"\x80\x02c__builtin__\neval\n" + source(flag) + b"\x85R",
    "REDUCE builtins.exec": lambda flag: b"cbuiltins\nexec\n" + source(flag) + b"\x85R",
    "REDUCE subprocess.check_call": lambda flag: (
        b"csubprocess\ncheck_call\n(" + b"(" + text("touch") + text(str(flag)) + b"ltR"
    ),
    "REDUCE pathlib": lambda flag: (
        stack_global("pathlib", "Path.touch") + b"cpathlib\nPath\n" + text(str(flag)) + b"\x85R\x85R"
    ),
    "STACK_GLOBAL": lambda flag: stack_global("posix", "system") + command(flag) + b"\x85R",
    "STACK_GLOBAL dotted": lambda flag: stack_global("torch.serialization", "os.system") + command(flag) + b"\x85R",
    "STACK_GLOBAL dotted through an allowed module": lambda flag: (
        stack_global("collections", "_sys.modules.__class__.get") + b"csys\nmodules\n" + text("posix") + b"\x86R0"
        b"cposix\nsystem\n" + command(flag) + b"\x85R"
    ),
    "GLOBAL dotted, as protocol 4 has it": lambda flag: b"ctorch\nos.system\n" + command(flag) + b"\x85R",
    "NEWOBJ": lambda flag: mapped(flag) + b"\x81" + LISTED,
    "NEWOBJ_EX": lambda flag: mapped(flag) + b"}\x92" + LISTED,
    "INST": lambda flag: b"(" + command(flag) + b"iposix\nsystem\n",
    "OBJ": lambda flag: b"(cposix\nsystem\n" + command(flag) + b"o",
    "EXT1": lambda flag: b"\x82\xf0" + command(flag) + b"\x85R",
    "EXT2": lambda flag: b"\x83\xf0\x00" + command(flag) + b"\x85R",
    "EXT4": lambda flag: b"\x84\xf0\x00\x00\x00" + command(flag) + b"\x85R",
    "BUILD, __setstate__ from a state": lambda flag: (
        b"cargparse\nNamespace\n)\x81}" + text("__setstate__") + b"cposix\nsystem\nsb" + command(flag) + b"b"
    ),
    "BUILD, __setstate__ in slots": lambda flag: (
        b"cargparse\nNamespace\n)\x81N}" + text("__setstate__") + b"cposix\nsystem\ns\x86b" + command(flag) + b"b"
    ),
    "BUILD on an OrderedDict": lambda flag: (
        ORDERED + b"}" + text("__setstate__") + b"cposix\nsystem\nsb" + command(flag) + b"b"
    ),
    "SETITEM on an object": lambda flag: (
        b"cos\nenviron\n" + text("TFVC_RAN") + text("1") + b"s0cposix\nsystem\n" + command(flag) + b"\x85R"
    ),
}


@pytest.fixture
def extension():
    copyreg.add_extension("posix", "system", 0xF0)
    yield
    copyreg.remove_extension("posix", "system", 0xF0)


@pytest.mark.parametrize("form", ["zip", "legacy", "bare"])
@pytest.mark.parametrize("trick", RUNS)
def test_what_pickle_runs_is_not_run(tmp_path, zip_file, legacy_file, refused, extension, trick, form):
    flag = tmp_path / "ran"
    body = b"\x80\x04" + RUNS[trick](flag) + b"."
    if form == "zip":
        path = zip_file(body)
    elif form == "legacy":
        path = legacy_file(body)
    else:
        path = tmp_path / "bare.pt"
        path.write_bytes(body)
    refused(path, "refused, it")
    assert not flag.exists()


@pytest.mark.parametrize("trick", RUNS)
def test_pickle_does_run_it(tmp_path, extension, trick, monkeypatch):
    """Otherwise the test above would say nothing."""
    pytest.importorskip("torch")
    monkeypatch.setenv("TFVC_RAN", "0")
    with contextlib.suppress(pickle.UnpicklingError, TypeError, AttributeError):
        pickle.loads(b"\x80\x04" + RUNS[trick](tmp_path / "ran") + b".")
    assert (tmp_path / "ran").exists()
