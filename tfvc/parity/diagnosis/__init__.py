"""Why a culprit is wrong: the known differences between the frameworks, tried one after the other.

`layers` finds the culprit and asks each hypothesis about it: `normalization`, `convolution`, `recurrent`,
`elementwise`, then those for a layer of any kind (`general`). `between` is for what lies between layers, `losses`
and `optimizers` for the rest of a training step.
"""

from tfvc.parity.diagnosis.hypotheses.optimizers import diagnose_step
from tfvc.parity.diagnosis.single_layer import ForwardPass, diagnose_backward, diagnose_forward, diagnose_sizes

__all__ = ["ForwardPass", "diagnose_backward", "diagnose_forward", "diagnose_sizes", "diagnose_step"]
