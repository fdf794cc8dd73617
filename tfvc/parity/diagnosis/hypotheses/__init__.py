"""The known differences between the frameworks, by what they are differences of.

Importing a module registers what it knows; they are tried in this order, what is general last.
"""

from tfvc.parity.diagnosis.hypotheses import mode  # noqa: F401, I001
from tfvc.parity.diagnosis.hypotheses import normalization, normalized, batch_norm  # noqa: F401
from tfvc.parity.diagnosis.hypotheses import convolution, kernel_norm  # noqa: F401
from tfvc.parity.diagnosis.hypotheses import recurrent, recurrent_equations, recurrent_single_weights  # noqa: F401
from tfvc.parity.diagnosis.hypotheses import attention, embedding  # noqa: F401
from tfvc.parity.diagnosis.hypotheses import activations, custom_modules, float32, any_layer, precision  # noqa: F401
from tfvc.parity.diagnosis.hypotheses import other_weights, layer_functions  # noqa: F401
from tfvc.parity.diagnosis.hypotheses import attention_by_hand, between_layers, losses, optimizers, norm_order, runs  # noqa: F401
