import keras
import numpy as np
import pytest
import torch

from tfvc.weights import WeightError, entries_of

RNG = np.random.default_rng(5)
LAYERS = keras.layers
SIZE, HEADS = 12, 3


def drawn(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def load(layer: keras.layers.Layer, module: torch.nn.Module) -> None:
    """Gives both the same drawn weights, and checks that they come back bit for bit."""
    state = {key: 0.4 * drawn(*value.shape) for key, value in module.state_dict().items()}
    module.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})
    entries = entries_of("", layer)
    assert [key for entry in entries for key in entry.keys] == list(state)
    assert sorted(v.path for entry in entries for v in entry.variables) == sorted(v.path for v in layer.weights)
    for entry in entries:
        (value,) = tensors = [state[key] for key in entry.keys]
        assert entry.torch_shapes == [value.shape]
        entry.assign(entry.join(tensors))
        (back,) = entry.separate(entry.value())
        assert back.tobytes() == value.tobytes()


@pytest.mark.parametrize(
    ("equation", "shape", "output", "bias"),
    [
        ("abc,cde->abde", (2, 5, 7), (None, 3, 4), "de"),
        ("abcd,cde->abe", (2, 5, 3, 4), (None, 7), "e"),
        ("abc,cde->abde", (2, 5, 7), (None, 3, 4), None),
        ("abcd,dec->abe", (2, 5, 3, 4), (None, 7), "e"),  # the kernel has its axes in an order of its own
        ("abc,cde->adbe", (2, 5, 7), (3, None, 4), "de"),
        ("...x,xy->...y", (2, 5, 7), 4, "y"),
    ],
)
@torch.no_grad()
def test_an_einsum_dense_is_a_linear_of_its_flattened_axes(equation, shape, output, bias):
    layer = LAYERS.EinsumDense(equation, output, bias_axes=bias)
    layer.build(shape)
    module = torch.nn.Linear(
        int(np.prod(shape[2:])), int(np.prod([n for n in np.atleast_1d(output) if n])), bias is not None
    )
    load(layer, module)
    x = drawn(*shape)
    expected = module(torch.from_numpy(x.reshape(*shape[:2], -1))).numpy()
    found = np.asarray(layer(x))
    if equation.endswith("adbe"):
        found = found.transpose(0, 2, 1, 3)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("equation", "output", "bias", "words"),
    [
        ("abc,bcd->abd", (5, 4), "d", "equation abc,bcd->abd is not a linear projection"),
        ("abc,cde->abde", (None, 3, 4), "e", "bias has the axes e, the outputs are de"),
    ],
)
def test_an_einsum_dense_that_is_no_linear(equation, output, bias, words):
    layer = LAYERS.EinsumDense(equation, output, bias_axes=bias)
    layer.build((2, 5, 7))
    with pytest.raises(WeightError, match=words):
        entries_of("p", layer)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [(SIZE, SIZE), (8, SIZE), (SIZE, 10)])
@torch.no_grad()
def test_a_multi_head_attention(sizes, bias):
    """Packed where query, key and value have the same size, else under three keys."""
    of_key, of_value = sizes
    layer = LAYERS.MultiHeadAttention(HEADS, SIZE // HEADS, use_bias=bias)
    layer.build((2, 5, SIZE), (2, 7, of_value), (2, 7, of_key))
    module = torch.nn.MultiheadAttention(SIZE, HEADS, bias=bias, kdim=of_key, vdim=of_value, batch_first=True).eval()
    assert ("in_proj_weight" in module.state_dict()) == (sizes == (SIZE, SIZE))
    load(layer, module)
    query, key, value = drawn(2, 5, SIZE), drawn(2, 7, of_key), drawn(2, 7, of_value)
    expected, _ = module(*map(torch.from_numpy, (query, key, value)))
    np.testing.assert_allclose(layer(query, value, key), expected, rtol=1e-4, atol=1e-5)


def test_an_attention_of_a_size_that_torch_has_not():
    layer = LAYERS.MultiHeadAttention(2, 5)
    layer.build((2, 3, 8), (2, 3, 8))
    with pytest.raises(WeightError, match=r"2 heads of 5 .* on 8 inputs"):
        entries_of("attention", layer)
