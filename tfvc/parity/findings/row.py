"""The verdict on one tensor."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """The verdict on one tensor. Errors are relative to its `size`: its norm, or that of the terms that cancel in it.

    `ratio` is the float32 error over the measured noise, `precision` Keras's noise over torch's, `ulps` the
    largest float32 difference in units in the last place of the largest element. The verdict is "pass", "fail" or
    "drift": apart only because two free runs have drifted, while each step by itself is right.
    """

    phase: str
    stage: str
    step: int | None
    key: str
    verdict: str
    reason: str = ""
    error64: float | None = None
    bound64: float | None = None
    error32: float | None = None
    noise32: float | None = None
    ratio: float | None = None
    precision: float | None = None
    ulps: float | None = None
    cancelling: bool = False
    size: float | None = None

    @property
    def failed(self) -> bool:
        return self.verdict == "fail"

    @property
    def place(self) -> tuple[str, str]:
        """Phase (with its step) and stage."""
        return (self.phase if self.step is None else f"{self.phase} {self.step}", self.stage)

    @property
    def only_imprecise(self) -> bool:
        """Whether all that is wrong is a loss of precision in float32."""
        return self.reason.startswith("float32 noise")

    @property
    def where(self) -> str:
        step = "" if self.step is None else f" step {self.step}"
        return f"{self.phase}{step}, {self.stage}, {self.key}"
