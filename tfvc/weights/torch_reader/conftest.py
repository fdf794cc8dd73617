"""Files of torch's forms around pickles written by hand, and a watch over what Python does meanwhile."""

import codecs
import pickle
import sys
import zipfile
from contextlib import contextmanager

import pytest

from tfvc.weights import WeightError, load_torch_file

# What Python reports (sys.addaudithook) when it runs or imports anything.
_RUNS = ("exec", "compile", "import", "pickle.", "os.", "subprocess.", "ctypes.", "marshal.", "shutil.", "socket.")
_events: list[str] = []
_watching = False


def _hook(event, arguments):
    if _watching and (
        event.startswith(_RUNS) or (event == "open" and isinstance(arguments[1], str) and arguments[1] > "r~")
    ):
        _events.append(f"{event}{arguments!r}"[:200])


sys.addaudithook(_hook)

# zipfile and pickletools would import these at the first file that wants them.
for _encoding in ("cp437", "raw-unicode-escape"):
    codecs.lookup(_encoding)


@pytest.fixture
def watched():
    """`with watched():` fails if anything ran, was imported or was opened for writing inside it."""

    @contextmanager
    def watch():
        global _watching
        _events.clear()
        _watching = True
        try:
            yield
        finally:
            _watching = False
        assert not _events

    return watch


@pytest.fixture
def zip_file(tmp_path):
    """`zip_file(data_pkl, {"data/0": ...})` writes torch's newer form."""

    def write(data_pkl, members=(), name="handmade.pt", compression=zipfile.ZIP_STORED):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr("archive/data.pkl", data_pkl)
            for member, data in dict(members).items():
                archive.writestr(f"archive/{member}", data)
        return path

    return write


@pytest.fixture
def legacy_file(tmp_path):
    """`legacy_file(pickle_of_the_content, {"key": (numel, data)})` writes torch's older form."""

    def write(content, storages=(), name="handmade.pth"):
        storages = dict(storages)
        head = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
        tail = b"".join(numel.to_bytes(8, "little") + data for numel, data in storages.values())
        (tmp_path / name).write_bytes(head + content + pickle.dumps(list(storages), 2) + tail)
        return tmp_path / name

    return write


@pytest.fixture
def refused(watched):
    """`refused(path, words)`: reading the file runs nothing and ends in one line, with its name before the words."""

    def check(path, words=""):
        with watched(), pytest.raises(WeightError) as refusal:
            load_torch_file(path)
        before, message = str(refusal.value).split(f"{path}: ")  # the path is named after the test, words and all
        assert before == ""
        assert words in message
        assert "\n" not in message
        assert len(message) < 300
        return message

    return check
