"""What does the harness say of each bug that was drawn: is it caught, the place right, the cause right?

    python -m parity_tests.foreign.matrix

writes `matrix.md` and `matrix.json` beside this file. With numbers, or words of names, only those bugs are run, and
nothing is written.
"""

import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from parity_tests.foreign.pairs import PAIRS, weights
from parity_tests.foreign.places import is_right, right_places
from parity_tests.foreign.planting.draw import KINDS, Bug, drawn
from tfvc.parity import Report, compare
from tfvc.parity.findings.layer import Layer

HERE = Path(__file__).parent
# The momentum of an optimizer shows in the second step.
STEPS = 2


@dataclass(frozen=True)
class Verdict:
    """What the harness said of one bug.

    Attributes:
        bug, pair, kind: of the bug.
        caught, place, cause: whether it was caught, and both named rightly; a cause counts at the right place only.
        misled: whether another cause was named than the right one.
        places: what counts as the right place.
        culprit, fault, hypothesis, said: what the report names.
        raised: the exception in place of a report.
    """

    bug: str
    pair: str
    kind: str
    caught: bool
    place: bool
    cause: bool
    misled: bool
    places: list[str]
    culprit: str = ""
    fault: str = ""
    hypothesis: str = ""
    said: str = ""
    raised: str = ""


@cache
def right_layers(pair: str) -> list[Layer]:
    """The layers of the right pair, as the harness pairs them."""
    return compare(PAIRS[pair](), ("forward",), layers=True, weights=weights(pair)).layers


def try_out(bug: Bug) -> Verdict:
    """Plants one bug and compares."""
    kind, places = KINDS[bug.kind], right_places(bug, right_layers(bug.pair))
    case = kind.plant(PAIRS[bug.pair](), bug.index, bug.value)
    try:
        report = compare(case, kind.phases, steps=STEPS, weights=weights(bug.pair))
    except Exception as error:  # a report that is lost is a verdict, not the end of the matrix
        raised = f"{type(error).__name__}: {error}".splitlines()[0]
        return Verdict(bug.name, bug.pair, bug.kind, False, False, False, False, places, raised=raised)
    return judge(bug, report, places)


def judge(bug: Bug, report: Report, places: list[str]) -> Verdict:
    """Whether a report says what it should."""
    caught, found = not report.passed, report.diagnosis
    place = caught and is_right(found, places, right_layers(bug.pair))
    if found is None:
        return Verdict(bug.name, bug.pair, bug.kind, caught, place, False, False, places)
    text = f"{found.hypothesis} {found.cause}".lower()
    says = KINDS[bug.kind].says(bug.value)
    named = bool(found.hypothesis)
    cause = named and all(any(word in text for word in alternatives) for alternatives in says)
    return Verdict(
        *(bug.name, bug.pair, bug.kind, caught, place, place and cause, named and not (place and cause), places),
        *(found.culprit, found.kind, found.hypothesis, found.cause),
    )


def markdown(verdicts: list[Verdict]) -> str:
    """The matrix as a table, and what it comes to."""
    lines = ["| planted bug | found | culprit | cause named |", "|---|---|---|---|"]
    for v in verdicts:
        said = v.raised or v.said or "none"
        lines.append(f"| {v.bug} | {_words(v)} | {v.culprit} | {said.replace('|', '/')} |")
    lines += ["", "| | of all |", "|---|---|"]
    for name in ("caught", "place", "cause", "misled"):
        lines.append(f"| {name} | {sum(getattr(v, name) for v in verdicts)} of {len(verdicts)} |")
    lines += ["", "| kind | bugs | caught | place | cause | misled |", "|---|---|---|---|---|---|"]
    for kind, count in sorted(Counter(v.kind for v in verdicts).items()):
        of_kind = [v for v in verdicts if v.kind == kind]
        figures = [sum(getattr(v, name) for v in of_kind) for name in ("caught", "place", "cause", "misled")]
        lines.append(f"| {kind} | {count} | {' | '.join(map(str, figures))} |")
    return "\n".join(lines) + "\n"


def _words(v: Verdict) -> str:
    if v.raised:
        return "no report"
    if not v.caught:
        return "not caught"
    return ", ".join(["caught", *(name for name in ("place", "cause", "misled") if getattr(v, name))])


def main(names: list[str]) -> None:
    """Runs the matrix, or some of its rows."""
    chosen = [
        bug
        for bug in drawn()
        if not names or str(bug.number) in names or any(n in bug.name for n in names if not n.isdigit())
    ]
    verdicts = []
    for bug in sorted(chosen, key=lambda bug: (list(PAIRS).index(bug.pair), bug.number)):
        right_layers(bug.pair)
        started = time.monotonic()
        verdict = try_out(bug)
        verdicts.append(verdict)
        said = (
            verdict.raised or f"{verdict.culprit} [{verdict.fault}]: {verdict.hypothesis or 'no cause'}: {verdict.said}"
        )
        print(
            f"{_words(verdict):28} {bug.name}: {said}; right: {verdict.places} ({time.monotonic() - started:.1f} s)",
            flush=True,
        )
    if not names:
        (HERE / "matrix.md").write_text(markdown(verdicts))
        (HERE / "matrix.json").write_text(json.dumps([asdict(v) for v in verdicts], indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
