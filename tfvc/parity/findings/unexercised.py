"""What the inputs of a comparison have not reached."""

from dataclasses import dataclass
from enum import StrEnum


class Branch(StrEnum):
    """A part of a function that is put together of several."""

    BELOW = "below"
    ABOVE = "above"
    ROW = "row"


@dataclass(frozen=True)
class Unexercised:
    """A part of a function that no value came to: another one there would not be seen.

    Attributes:
        path: torch's module that calls the function; empty for the whole model.
        function: its name in torch.
        branch: which part: values below or above a bound, or a row of a table.
        bound: the bound, or the number of the row.
    """

    path: str
    function: str
    branch: Branch
    bound: float
