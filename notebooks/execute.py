"""Runs notebooks from top to bottom, each in a fresh kernel and an empty folder.

`python -m notebooks.execute` does so to all and writes them back with their outputs; `make notebooks` is the same.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from tfvc.common.atomic import atomic_file

FOLDER = Path(__file__).parent
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

_SECONDS_A_CELL = 600


def executed(path: Path) -> nbformat.NotebookNode:
    """The notebook as it is after a run; nothing is written but into a temporary folder.

    Raises:
        CellExecutionError: if a cell fails; its message has the cell and the traceback.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory(prefix="tfvc-") as folder:
        work = Path(folder) / "work"
        work.mkdir()
        # Only the kernel of this very Python: others may be installed under the same name. Its sockets are files here.
        manager = AsyncKernelManager(
            kernel_name="python3",
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            transport="ipc",
            connection_file=str(Path(folder) / "kernel.json"),
        )
        client = NotebookClient(
            notebook,
            km=manager,
            timeout=_SECONDS_A_CELL,
            coalesce_streams=True,
            record_timing=False,
            resources={"metadata": {"path": str(work)}},
        )
        client.execute(cleanup_kc=True, env=_environment(folder))
    # What depends on the machine, and would change in every run.
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def _environment(folder: str) -> dict[str, str]:
    """The kernel sees this tfvc and none of the user's IPython settings."""
    paths = [str(FOLDER.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        # tqdm, which other packages bring along, asks for widgets that no notebook here shows.
        "PYTHONWARNINGS": "ignore:IProgress not found",
        "PYTHONPATH": os.pathsep.join(paths),
        "IPYTHONDIR": str(Path(folder) / ".ipython"),
        "CUDA_VISIBLE_DEVICES": "-1",  # the outputs are those of a CPU, wherever they are made
    }


def main() -> None:
    for path in [Path(name) for name in sys.argv[1:]] or NOTEBOOKS:
        notebook = executed(path)
        with atomic_file(path) as temporary:
            nbformat.write(notebook, temporary)
        print(f"executed {path.name}")


if __name__ == "__main__":
    main()
