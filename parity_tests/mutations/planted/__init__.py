"""All planted bugs, in the order of the kill matrix."""

from parity_tests.mutations.planted import (
    between_layers,
    convolution,
    front_end,
    kernel_norm,
    losses,
    normalization,
    numerics,
    optimizers,
    recurrent,
)

MUTATIONS = [
    *normalization.MUTATIONS,
    *recurrent.MUTATIONS,
    *convolution.MUTATIONS,
    *kernel_norm.MUTATIONS,
    *between_layers.MUTATIONS,
    *numerics.MUTATIONS,
    *front_end.MUTATIONS,
    *losses.MUTATIONS,
    *optimizers.MUTATIONS,
]
