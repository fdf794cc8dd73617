"""What a report is made of beside its rows: layers, causes, drift, and the machine it was made on."""

from dataclasses import asdict, dataclass, field

from tfvc.parity.findings.row import Row

CULPRIT, VICTIM, FINE, UNPAIRED = "culprit", "victim", "fine", "unpaired"


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
        verdict: `culprit` if it is wrong by itself, `victim` if only what it was fed is wrong, `fine`, `unpaired`.
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

    def forget_backward(self, stage: str) -> None:
        """Drops what was found in one stage of a backward pass."""
        for rows in (self.propagated_backward, self.local_backward):
            rows[:] = [row for row in rows if row.stage != stage]


def worst(rows: list[Row]) -> Row | None:
    """The row to show for several: the first that failed, else that with the largest error for its bound."""
    failed = next((row for row in rows if row.failed), None)
    measured = [row for row in rows if row.error64 is not None]
    return failed or max(measured, key=lambda row: row.error64 / max(row.bound64, 1e-300), default=None)


@dataclass(frozen=True)
class Evidence:
    """One hypothesis that was tried on the culprit: the relative error without it and with it."""

    hypothesis: str
    error_before: float
    error_after: float
    explains: bool


@dataclass(frozen=True)
class Diagnosis:
    """Why a culprit is wrong.

    Attributes:
        culprit: torch's path of the layer, or "loss", "gradient clipping", "optimizer", as `kind` says.
        kind: "layer", "between layers" (the parts of `culprit` are right, what lies between them is not), "loss",
            "gradient clipping" or "optimizer".
        keras: where that is in the Keras model.
        row: the first row that failed there.
        hypothesis: the known difference that makes the error vanish; empty if none does.
        cause, mend: a sentence each.
        evidence: what was tried, what explains the error first.
    """

    culprit: str
    kind: str
    keras: str
    row: Row
    hypothesis: str = ""
    cause: str = ""
    mend: str = ""
    evidence: tuple[Evidence, ...] = ()

    @property
    def place(self) -> str:
        keras = f" (Keras: {self.keras})" if self.keras else ""
        return f"between the layers of {self.culprit}{keras}" if self.kind == "between layers" else self.culprit + keras

    @property
    def text(self) -> str:
        """Two sentences, or what is known without a cause."""
        return f"{self.cause} {self.mend}" if self.hypothesis else f"No known difference explains it. {self.mend}"


@dataclass(frozen=True)
class Drift:
    """How far two training runs are apart after a step, in the weights.

    `free`: neither run knows of the other. `resynchronised`: both took this step from torch's state. Only the second
    can be a bug; an error that the first has and the second has not is rounding that has grown. The second is None
    where nothing called for it.

    Errors are the largest relative float64 error of any weight (`key`: of which) and the largest float32 ratio.
    """

    step: int
    free_error64: float
    free_ratio: float
    free_key: str
    resynchronised_error64: float | None
    resynchronised_ratio: float | None
    drifted: bool


@dataclass(frozen=True)
class Environment:
    """What the figures depend on beside the models."""

    python: str
    numpy: str
    tensorflow: str
    keras: str
    torch: str
    platform: str
    processor: str
    device: str
    onednn: str
    tensorflow_threads: str
    torch_threads: int
    tensor_float_32: str

    def to_dict(self) -> dict:
        return asdict(self)
