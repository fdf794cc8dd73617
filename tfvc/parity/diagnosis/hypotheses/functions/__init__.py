"""What may be another in one call of a function of torch's; importing it registers all that is known."""

from tfvc.parity.diagnosis.hypotheses.functions import activations, arrangement, attention, numbers, pooling  # noqa: F401
from tfvc.parity.diagnosis.hypotheses.functions.change import FunctionChange, changes_of, changes_to

__all__ = ["FunctionChange", "changes_of", "changes_to"]
