"""What was found of one layer."""

from dataclasses import dataclass, field

from tfvc.parity.findings.not_compared import NotCompared
from tfvc.parity.findings.row import Row
from tfvc.parity.findings.stage import Stage

CULPRIT, VICTIM, FINE = "culprit", "victim", "fine"
NOT_COMPARED, UNPAIRED = "not compared", "unpaired"


@dataclass
class Layer:
    """One call of a Keras layer beside the torch module that it is paired with.

    The four views hold one row a tensor: outputs, running statistics, gradients of inputs and of weights.
    *Propagated*: both models ran freely. *Local*: the Keras layer was fed the torch layer's own input, and backward
    its own cotangent.

    Attributes:
        path: torch's module path; empty for the whole model.
        torch_class, keras_class: of the two.
        keras_path: the Keras layer's path; several, joined by " + ", where one torch module is a chain of layers.
        call: which call of the layer in one pass, from 1.
        parent: path of the smallest pair that this one lies in, or None.
        paired_by: "weights", "table" or "position"; empty if unpaired.
        verdict: `culprit` if it is wrong by itself, `not compared` if it, or what it does backward, could not be run by
            itself, `victim` if only what it was fed is wrong, `fine`, `unpaired`.
        not_compared: why it, or a part of it, could not be compared.
        note: what else a reader must know: why it is unpaired, or that only the computation between its parts differs.
    """

    path: str
    torch_class: str = ""
    keras_path: str = ""
    keras_class: str = ""
    call: int = 1
    parent: str | None = None
    paired_by: str = ""
    verdict: str = FINE
    note: str = ""
    not_compared: list[NotCompared] = field(default_factory=list)
    propagated_forward: list[Row] = field(default_factory=list)
    local_forward: list[Row] = field(default_factory=list)
    propagated_backward: list[Row] = field(default_factory=list)
    local_backward: list[Row] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The torch path, with the call's number where it is not the first; the Keras path if there is no torch."""
        name = self.path or self.keras_path or "the whole model"
        return name if self.call == 1 else f"{name} (call {self.call})"

    @property
    def local(self) -> list[Row]:
        return [*self.local_forward, *self.local_backward]

    @property
    def propagated(self) -> list[Row]:
        return [*self.propagated_forward, *self.propagated_backward]

    @property
    def wrong_locally(self) -> bool:
        return any(row.failed for row in self.local)

    @property
    def wrong(self) -> bool:
        return any(row.failed for row in [*self.local, *self.propagated])

    @property
    def hidden(self) -> bool:
        """Whether it may be wrong unseen, because it could not be compared by itself."""
        return any(one.hides for one in self.not_compared)

    def settle(self) -> None:
        """Gives the layer its verdict; a culprit stays one."""
        if self.verdict in (UNPAIRED, CULPRIT):
            return
        if self.wrong_locally:
            self.verdict = CULPRIT
        elif self.hidden:
            self.verdict = NOT_COMPARED
        else:
            self.verdict = VICTIM if self.wrong else FINE

    def cannot_be_compared(self, why: NotCompared) -> None:
        """Notes why, each reason once."""
        if why not in self.not_compared:
            self.not_compared.append(why)

    def forget_backward(self, stage: Stage) -> None:
        """Drops what was found in one stage of a backward pass."""
        for rows in (self.propagated_backward, self.local_backward):
            rows[:] = [row for row in rows if row.stage != stage]


def worst(rows: list[Row]) -> Row | None:
    """The row to show for several: the first that failed, else that with the largest error for its bound."""
    failed = next((row for row in rows if row.failed), None)
    measured = [row for row in rows if row.error64 is not None]
    return failed or max(measured, key=lambda row: row.error64 / max(row.bound64, 1e-300), default=None)
