"""How Keras's EinsumDense and MultiHeadAttention cross to torch's Linear and MultiheadAttention.

Keras has heads and their size as two axes, torch as one; torch packs the projections of query, key and value.
"""

from typing import NoReturn

from keras import layers

from tfvc.weights.entry import Entry
from tfvc.weights.errors import WeightError
from tfvc.weights.layer_kinds import register
from tfvc.weights.layouts import Flattened
from tfvc.weights.parts import Concatenation


def _einsum_dense(layer: layers.EinsumDense) -> list[Entry]:
    """As the `nn.Linear` of its flattened input and output axes."""
    kernel, bias = _layouts(layer)
    found = [Entry("weight", layer.kernel, kernel)]
    return found if bias is None else [*found, Entry("bias", layer.bias, bias)]


def _layouts(layer: layers.EinsumDense) -> tuple[Flattened, Flattened | None]:
    """Of the kernel and of the bias, if there is one."""
    left, output = layer.equation.replace(".", "").split("->")
    inputs, kernel = left.split(",")
    outer = [label for label in output if label in kernel]
    inner = [label for label in inputs if label in kernel]
    if sorted(outer + inner) != sorted(kernel):
        _refuse(layer, f"its equation {layer.equation} is not a linear projection")
    groups = [tuple(kernel.index(label) for label in labels) for labels in (outer, inner)]
    of_kernel = Flattened.of(layer.kernel.shape, *groups)
    if layer.bias is None:
        return of_kernel, None
    if set(layer.bias_axes) != set(outer):
        _refuse(layer, f"its bias has the axes {layer.bias_axes}, the outputs are {''.join(outer)}")
    return of_kernel, Flattened.of(layer.bias.shape, tuple(range(len(layer.bias.shape))))


def _attention(layer: layers.MultiHeadAttention) -> list[Entry]:
    projections = [layer.query_dense, layer.key_dense, layer.value_dense]
    _check_sizes(layer)
    kernels = tuple(projection.kernel for projection in projections)
    of_kernels, of_biases = zip(*map(_layouts, projections), strict=True)
    if len({kernel.shape[0] for kernel in kernels}) == 1:
        found = [Entry("in_proj_weight", kernels, of_kernels, variables_as=Concatenation(axis=0))]
    else:
        names = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
        found = [Entry(*row) for row in zip(names, kernels, of_kernels, strict=True)]
    if layer.use_bias:
        biases = tuple(projection.bias for projection in projections)
        found.append(Entry("in_proj_bias", biases, of_biases, variables_as=Concatenation(axis=0)))
    return [*found, *(entry.renamed("out_proj.{}".format) for entry in _einsum_dense(layer.output_dense))]


def _check_sizes(layer: layers.MultiHeadAttention) -> None:
    size = layer.num_heads * layer.key_dim
    of_query, of_output = layer.query_dense.kernel.shape[0], layer.output_dense.kernel.shape[-1]
    if not size == layer.num_heads * layer.value_dim == of_query == of_output:
        _refuse(
            layer,
            f"{layer.num_heads} heads of {layer.key_dim} (values {layer.value_dim}) on {of_query} inputs and "
            f"{of_output} outputs; in nn.MultiheadAttention all of heads * size, inputs and outputs are equal",
        )


def _refuse(layer: layers.Layer, why: str) -> NoReturn:
    raise WeightError(f"{layer.name}: no torch form ({why}); give its entries yourself")


register(layers.EinsumDense, _einsum_dense)
register(layers.MultiHeadAttention, _attention)
