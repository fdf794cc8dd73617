"""What `dump.json` says of the tensors beside it; `README.md` describes the format."""

import hashlib
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tfvc.common.errors import TfvcError
from tfvc.parity.findings.raised import Activity, Raised
from tfvc.parity.findings.stage import LAYER_OUTPUTS, Phase, Stage, StageKind
from tfvc.parity.four_of import Side

FORMAT = "tfvc parity dump 1"
Count = Annotated[int, Field(ge=1)]
Shape = tuple[Annotated[int, Field(ge=0)], ...]
_OF_LAYERS = (*LAYER_OUTPUTS.values(), StageKind.GRADIENTS)


class _Part(BaseModel):
    """A field that is not known is a slip of the hand, and refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Tensor(_Part):
    """Where one tensor belongs.

    Attributes:
        tensor: its key in the safetensors files; several may share one.
        phase, stage, turn, step: as a report has them.
        name: what it is compared under.
        layer, call: of a layer's tensor the path of the layer, and which of its calls.
        axes: names of its axes in their order, by spaces; tensors whose axes are named cross by these names.
    """

    tensor: str
    phase: Phase
    stage: StageKind
    name: str
    turn: str = ""
    step: Count | None = None
    layer: str | None = None
    call: Count = 1
    axes: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Tensor":
        if (self.phase is Phase.TRAIN) != (self.step is not None):
            raise ValueError("a tensor of the phase train has a step, no other has")
        if self.layer is not None and (self.stage not in _OF_LAYERS or self.phase is Phase.TRAIN):
            raise ValueError(f"a layer's tensor is of one of the stages {', '.join(_OF_LAYERS)}, and not of training")
        if self.axes is not None and len(set(self.axes.split())) != len(self.axes.split()):
            raise ValueError("two axes have the same name")
        return self

    @property
    def where(self) -> Stage:
        return Stage(self.phase, self.stage, self.turn, self.step)


class Given(_Part):
    """What a side computed from: an input (of a training step behind the first) or a weight.

    `sha256` is of its numbers in C order, floats as little-endian float32, integers as little-endian int64.
    """

    kind: Literal["input", "weight"]
    name: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    shape: Shape | None = None
    step: Count | None = None

    @property
    def what(self) -> str:
        return f"the {self.kind} {self.name}" + ("" if self.step is None else f" of step {self.step}")


class LayerOf(_Part):
    """A layer, in the order of computation.

    Attributes:
        path: where it is in its model.
        kind: its class.
        beside: path of the other side's layer that it is; by default the one of the same path or of the same keys.
        keys: the weights that it holds, under the names that both sides share.
    """

    path: str
    kind: Annotated[str, Field(alias="class")] = ""
    beside: str | None = None
    keys: tuple[str, ...] = ()


class RaisedOf(_Part):
    """What was raised in place of what is missing."""

    exception: str
    message: str = ""
    phase: Phase | None = None
    stage: StageKind | None = None
    turn: str = ""
    step: Count | None = None
    precision: Literal["float64", "float32"] | None = None
    layer: str = ""
    frame: str = ""

    def as_finding(self, keras: bool) -> Raised:
        """As a report has it."""
        stage = Stage(self.phase, self.stage, self.turn, self.step) if self.phase and self.stage else None
        sides = {side: side.is_keras == keras and str(side).endswith(str(self.precision)) for side in Side}
        side = next((side for side, fits in sides.items() if fits), None)
        return Raised(Activity.MODELS, self.exception, self.message, stage, side, self.layer, self.frame)


class DropOf(_Part):
    """A dropout that would have been drawn in training."""

    rate: float
    size: int
    path: str = ""


class StepSizeOf(_Part):
    """What an optimizer moves, and how far: what rounding may leave behind a step is measured by it.

    Attributes:
        turn: its label in a stage.
        keys: what it trains.
        units: stage of a slot -> by what the reference's slot may be multiplied here, the likeliest first.
    """

    turn: str = ""
    learning_rate: float
    epsilon: Annotated[float, Field(gt=0)]
    keys: tuple[str, ...] = ()
    units: dict[StageKind, tuple[float, ...]] = {}


class Joined(_Part):
    """Several torch tensors that are one in Keras, under this name: what the torch side of a case has to know."""

    name: str
    keys: tuple[str, ...]
    parts: str
    settings: dict[str, Any] = {}


class Settings(_Part):
    """How a case was run."""

    phases: tuple[Phase, ...]
    init: str
    seed: int
    steps: Count
    layers: bool


class Header(_Part):
    """All of `dump.json`; what has a default may be left out."""

    format: Literal["tfvc parity dump 1"] = FORMAT
    case: str
    given: tuple[Given, ...]
    tensors: tuple[Tensor, ...]
    layers: tuple[LayerOf, ...] = ()
    versions: dict[str, str] = {}
    side: Literal["torch", "keras"] | None = None
    description: str = ""
    settings: Settings | None = None
    raised: tuple[RaisedOf, ...] = ()
    dropped: tuple[DropOf, ...] | None = None
    step_sizes: tuple[StepSizeOf, ...] = ()
    decisions: dict[str, str] = {}
    accepted: tuple[str, ...] = ()
    default_loss: bool = False
    ignored: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    joined: tuple[Joined, ...] = ()

    @classmethod
    def parse(cls, values: dict[str, Any], where: str) -> "Header":
        """The header in a JSON object. Raises TfvcError, in one line, naming the first field that is wrong."""
        if "format" not in values:
            raise TfvcError(f"{where}: format: missing; this tfvc reads {FORMAT!r}")
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "it"
            raise TfvcError(f"{where}: {place}: {first['msg'].removeprefix('Value error, ')}") from None


def sha256(array: np.ndarray) -> str:
    """The hash of an input or a weight, see `Given`. Raises TfvcError for numbers that it would not tell apart."""
    if array.dtype.kind not in "fiub":
        raise TfvcError(f"an input or a weight of {array.dtype} cannot be dumped; give floats, integers or bool")
    dtype = "<f4" if np.issubdtype(array.dtype, np.floating) else "<i8"
    return hashlib.sha256(np.ascontiguousarray(array, dtype).tobytes()).hexdigest()
