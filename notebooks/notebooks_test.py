"""Every notebook runs from top to bottom, and what is committed is what it gives."""

import re

import nbformat
import pytest

from notebooks.execute import NOTEBOOKS, executed

NAMES = [path.stem for path in NOTEBOOKS]
LARGEST_KILOBYTES = 500
# Figures of rounding noise, or of a training, are others on another machine; whole numbers are not.
DECIMALS = re.compile(r"-?\d+\.\d*(e[+-]?\d+)?|-?\d+e[+-]?\d+")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def words(cell):
    """The text that a cell printed or gave, figures with decimals as `#`, however it was padded."""
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return re.sub(r"\s+", " ", DECIMALS.sub("#", "".join(texts)))


def kinds(cell):
    """What else it gave: figures, sounds."""
    return [sorted(output.data) for output in cell.outputs if "data" in output]


def test_there_are_five():
    assert NAMES == [
        "01_layers_pytorch_to_keras",
        "02_find_the_bug",
        "03_train_autovc",
        "04_train_melgan",
        "05_bring_your_checkpoint",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_what_is_committed(path):
    """Whole, run once from top to bottom, small, and of no particular machine."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    top = notebook.cells[0].source
    assert "**At the end you know**" in top
    assert "**It takes**" in top
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert all(output.output_type != "error" for output in outputs)
    assert all(output.get("name") != "stderr" for output in outputs)
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 2
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|tmp|Users|var)/|site-packages| at 0x[0-9a-f]+", text)
    assert len(text) < LARGEST_KILOBYTES * 1000


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_runs(path, ge2e):
    """Cells that assert hold, and all print the words that are committed."""
    before = code_cells(nbformat.read(path, as_version=4))
    now = code_cells(executed(path))
    for ours, theirs in zip(now, before, strict=True):
        assert words(ours) == words(theirs), ours.source
        assert kinds(ours) == kinds(theirs), ours.source


def test_the_last_word_is_the_harness_s():
    """`02_find_the_bug` ends with sentences that stand in reports and nowhere in the notebook."""
    path = next(path for path in NOTEBOOKS if path.stem == "02_find_the_bug")
    notebook = nbformat.read(path, as_version=4)
    said = words(code_cells(notebook)[-1])
    for sentence in (
        "normalises over batch and channels, torch over batch and time",
        "torch has (176, 66), Keras (128, 66) in torch's layout",
        "keeps no running statistics, and uses those of the batch in inference too",
    ):
        assert sentence in said
        assert all(sentence not in cell.source for cell in notebook.cells)
