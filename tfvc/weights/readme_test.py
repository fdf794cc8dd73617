import re
from pathlib import Path

import pytest

pytest.importorskip("torch")


def test_the_example_runs():
    text = (Path(__file__).parent / "README.md").read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    layer = names["Gain"]()
    layer.build((2, 3))
    from tfvc.weights import entries_of

    assert [entry.name for entry in entries_of("out", layer)] == ["out.scale"]
