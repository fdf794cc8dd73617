"""A case to start from, written for two models that nobody has paired yet.

The table of layers is guessed by what their weights look like: their names in torch, their shapes, and their order.
How the torch module is called is found by calling it. It is a start for a reader to check, and says where it guessed.
"""

from tfvc.parity.drafting.draft import Draft, draft_case
from tfvc.parity.drafting.inputs import InputSpec

__all__ = ["Draft", "InputSpec", "draft_case"]
