import os
import sys

import pytest

from tfvc.common.silence import silent_stderr


def test_what_is_written_meanwhile_is_gone_and_nothing_else(capfd):
    open_before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    os.write(2, b"before ")
    with silent_stderr():
        os.write(2, b"meanwhile ")
        print("and by Python", file=sys.__stderr__, flush=True)
    with pytest.raises(KeyError), silent_stderr():
        raise KeyError
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"
    if open_before is not None:
        assert len(os.listdir("/proc/self/fd")) == open_before
