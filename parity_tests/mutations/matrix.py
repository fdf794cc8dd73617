"""The kill matrix: is each planted bug caught, the layer right, the cause right, for each kind of initial weights?

    python -m parity_tests.mutations.matrix

writes `kill_matrix.md` and `kill_matrix.json` beside this file. With names, only those mutations are run, and nothing
is written.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from parity_tests.mutations.planted import MUTATIONS
from parity_tests.mutations.planted.mutation import Mutation
from tfvc.parity import MODES, Report, compare

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Verdict:
    """What the harness said of one mutation with one kind of initial weights."""

    mutation: str
    init: str
    caught: bool
    layer: bool
    cause: bool
    named: str
    said: str


def try_out(mutation: Mutation, init: str) -> Verdict:
    """Runs one mutation."""
    return judge(mutation, compare(mutation.case(), mutation.phases, init, steps=1))


def judge(mutation: Mutation, report: Report) -> Verdict:
    """Whether a report says what it should."""
    found = report.diagnosis
    named = found.culprit if found else ""
    said = found.hypothesis if found else ""
    layer = not report.passed and named == mutation.culprit
    cause = layer and said.startswith(mutation.cause)
    return Verdict(mutation.name, report.init, not report.passed, layer, cause, named, said)


def markdown(verdicts: list[Verdict]) -> str:
    """The matrix as a table: c caught, l layer right, w why right; a dot where not."""
    lines = ["| planted bug | " + " | ".join(MODES) + " |", "|---|" + "---|" * len(MODES)]
    for mutation in MUTATIONS:
        cells = [next(v for v in verdicts if (v.mutation, v.init) == (mutation.name, mode)) for mode in MODES]
        lines.append(f"| {mutation.name} | " + " | ".join(_cell(v) for v in cells) + " |")
    for what in ("caught", "layer", "cause"):
        counts = [sum(getattr(v, what) for v in verdicts if v.init == mode) for mode in MODES]
        words = {"caught": "caught", "layer": "layer right", "cause": "cause right"}[what]
        lines.append(f"| **{words}** | " + " | ".join(f"**{n} of {len(MUTATIONS)}**" for n in counts) + " |")
    return "\n".join(lines) + "\n"


def _cell(verdict: Verdict) -> str:
    if not verdict.caught:
        return "not caught"
    if not verdict.layer:
        return "caught"
    return "caught, layer, cause" if verdict.cause else "caught, layer"


def main(names: list[str]) -> None:
    """Runs the matrix, or some of its rows."""
    chosen = [m for m in MUTATIONS if not names or any(n in m.name for n in names)]
    modes = MODES if not names else ("coded",)
    verdicts = []
    for mutation in chosen:
        for mode in modes:
            started = time.process_time()
            verdict = try_out(mutation, mode)
            verdicts.append(verdict)
            print(f"{_cell(verdict):21} {mode:9} {mutation.name}: {verdict.named}, {verdict.said}", end=" ")
            print(f"({time.process_time() - started:.1f} s)", flush=True)
    if not names:
        (HERE / "kill_matrix.md").write_text(markdown(verdicts))
        (HERE / "kill_matrix.json").write_text(json.dumps([asdict(v) for v in verdicts], indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
