import keras
import numpy as np
import pytest
import torch

from tfvc.weights import (
    Concatenation,
    Constant,
    Entry,
    Ignored,
    Stack,
    Sum,
    Tied,
    TorchKeys,
    WeightError,
    load_state_dict,
    state_dict,
)
from tfvc.weights.layouts import MATRIX

RNG = np.random.default_rng(2)


def drawn(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def variable(*shape: int, trainable: bool = True) -> keras.Variable:
    return keras.Variable(drawn(*shape), trainable=trainable)


def crossed(entry: Entry, tensors: list[np.ndarray]) -> list[np.ndarray]:
    """Into the variables and out of them."""
    entry.assign(entry.join(tensors))
    return entry.separate(entry.value())


@pytest.mark.parametrize(
    ("entry", "shapes"),
    [
        (Entry("w", variable(4, 3), MATRIX), [(3, 4)]),
        (Entry(("a", "b"), variable(2, 5), keys_as=Stack()), [(5,), (5,)]),
        (Entry(("q", "k"), variable(4, 6), MATRIX, keys_as=Concatenation(0)), [(3, 4), (3, 4)]),
        (Entry(("q", "k"), variable(4, 6), MATRIX, keys_as=Concatenation(0, (5, 1))), [(5, 4), (1, 4)]),
        (Entry("w", (variable(4, 3), variable(4, 2)), MATRIX, variables_as=Concatenation(0, (3, 2))), [(5, 4)]),
        (Entry("w", (variable(4), variable(4)), variables_as=Stack(1)), [(4, 2)]),
    ],
    ids=["one", "stack", "concatenation", "unequal", "pieces", "columns"],
)
def test_tensors_come_back_bit_for_bit(entry, shapes):
    assert entry.torch_shapes == shapes
    tensors = [drawn(*shape) for shape in shapes]
    tensors[0].flat[0] = -0.0
    back = crossed(entry, tensors)
    assert [x.tobytes() for x in back] == [x.tobytes() for x in tensors]
    assert all(x.flags.c_contiguous for x in back)
    gradients = [drawn(*v.shape) for v in entry.variables]
    again = entry.scatter(entry.gather(gradients, gradient=True))
    assert [x.tobytes() for x in again] == [x.tobytes() for x in gradients]


def test_pieces_are_cut_in_order():
    """GPT-2's c_attn: query, key and value one behind the other in torch's second axis."""
    q, k, v = variable(4, 2), variable(4, 2), variable(4, 2)
    packed = drawn(4, 6)
    Entry("c_attn.weight", (q, k, v), variables_as=Concatenation(1)).assign(packed)
    for i, piece in enumerate((q, k, v)):
        np.testing.assert_array_equal(piece.numpy(), packed[:, 2 * i : 2 * i + 2])


def test_a_sum_and_its_gradient():
    bias = variable(5)
    entry = Entry(("bias_ih", "bias_hh"), bias, keys_as=Sum())
    assert entry.name == "bias_ih + bias_hh"
    one, other = drawn(5), drawn(5)
    entry.assign(entry.join([one, other]))
    np.testing.assert_array_equal(bias.numpy(), one + other)
    bias.assign(np.array([1, -0.0, 0.0, -2, 3], np.float32))
    first, second = entry.separate(entry.value())
    assert (first.tobytes(), not second.any()) == (bias.numpy().tobytes(), True)
    assert entry.join([first, second]).tobytes() == bias.numpy().tobytes()
    gradient = drawn(5)
    for given in ([gradient, gradient], [gradient, None], [None, gradient]):
        np.testing.assert_array_equal(entry.join(given, gradient=True), gradient)


def test_tied_tensors_and_their_gradient():
    entry = Entry(("embed.weight", "head.weight"), variable(4, 3), keys_as=Tied())
    assert entry.name == "embed.weight = head.weight"
    value = drawn(4, 3)
    back = crossed(entry, [value, value.copy()])
    assert [x.tobytes() for x in back] == [value.tobytes()] * 2
    with pytest.raises(WeightError, match=r"embed.weight = head.weight: they are one tensor .* but differ"):
        entry.join([value, value + 1])
    np.testing.assert_array_equal(entry.join([value, 2 * value], gradient=True), 3 * value)
    np.testing.assert_array_equal(entry.join([None, value], gradient=True), value)


def test_copies_of_one_tensor():
    one, other = variable(3), variable(3)
    entry = Entry("scale", (one, other), variables_as=Tied())
    value = drawn(3)
    assert crossed(entry, [value])[0].tobytes() == value.tobytes()
    np.testing.assert_array_equal(other.numpy(), value)
    other.assign(value + 1)
    with pytest.raises(WeightError, match="scale: they are one tensor"):
        entry.value()


def test_an_entry_inside_its_module():
    tied = Entry(("embed.weight", "head.weight"), variable(4, 3), keys_as=Tied())
    assert tied.inside("head").keys == ("weight",)
    assert tied.inside("").keys == tied.keys
    assert tied.lies_in({"head.weight"})
    summed = Entry(("rnn.a", "rnn.b"), variable(3), keys_as=Sum())
    assert summed.inside("rnn").name == "a + b"
    assert not summed.lies_in({"rnn.a"})


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Entry(("a", "b"), variable(3)), "2 keys with keys_as=Single"),
        (lambda: Entry("a", (variable(3), variable(3))), "2 variables with variables_as=Single"),
        (lambda: Entry("a", variable(3), keys_as=Sum()), "1 keys with keys_as=Sum"),
        (lambda: Entry((), variable(3)), "0 keys"),
        (lambda: Entry("a", drawn(3)), "not a keras.Variable"),
        (lambda: Entry("a", (variable(3),) * 2, (MATRIX,), variables_as=Stack()), "1 layouts for 2 variables"),
    ],
)
def test_an_entry_says_how_several_are_one(make, words):
    with pytest.raises(WeightError, match=words):
        make()


def test_parts_that_do_not_fit():
    entry = Entry("w", (variable(4), variable(4)), variables_as=Concatenation(0))
    with pytest.raises(WeightError, match=r"w: axis 0 of \(7,\) cannot be cut into 2 parts"):
        entry.scatter(drawn(7))
    with pytest.raises(WeightError, match=r"a \+ b: they have the shapes \(3,\), \(1,\)"):
        Entry(("a", "b"), variable(3), keys_as=Sum()).join([drawn(3), drawn(1)])


class Tagger(keras.Model):
    """Words to words; the output projection is the embedding, positions are a table that torch computes."""

    def __init__(self):
        super().__init__(name="tagger")
        self.embedding = keras.layers.Embedding(6, 4)
        self.attention = keras.layers.MultiHeadAttention(2, 2)
        self.embedding.build((None, None))
        self.attention.build((None, None, 4), (None, None, 4))
        self.positions = self.add_weight(name="positions", shape=(5, 4), trainable=False)
        self.built = True

    def call(self, words):
        x = self.embedding(words) + self.positions
        return keras.ops.matmul(self.attention(x, x), keras.ops.transpose(self.embedding.embeddings))


def pairs(model):
    yield Entry(("embed.weight", "head.weight"), model.embedding.embeddings, keys_as=Tied())
    yield "attention", model.attention
    yield Constant(model.positions)
    yield Ignored("mask")


class TorchTagger(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(6, 4)
        self.attention = torch.nn.MultiheadAttention(4, 2, batch_first=True)
        self.head = torch.nn.Linear(4, 6, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("mask", torch.ones(5, 5))

    def forward(self, words, positions):
        x = self.embed(words) + positions
        return self.head(self.attention(x, x, x)[0])


def tagger() -> Tagger:
    model = Tagger()
    model.torch_keys = TorchKeys(pairs)
    return model


@torch.no_grad()
def test_a_state_dict_with_tied_and_packed_tensors_a_constant_and_an_ignored_one():
    torch.manual_seed(0)
    module, model = TorchTagger(), tagger()
    state = {key: value.numpy() for key, value in module.state_dict().items()}
    positions = model.positions.numpy()
    load_state_dict(model, state)
    np.testing.assert_array_equal(model.positions.numpy(), positions)
    back = state_dict(model)
    assert back.keys() == state.keys() - {"mask"}
    assert all(back[key].tobytes() == state[key].tobytes() for key in back)
    words = RNG.integers(0, 6, (3, 5))
    expected = module(torch.from_numpy(words), torch.from_numpy(positions))
    np.testing.assert_allclose(model(words), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda s: s.update({"head.weight": s["head.weight"] + 1}), "embed.weight = head.weight: they are one tensor"),
        (lambda s: s.pop("head.weight"), "no tensor 'head.weight', which tagger needs"),
        (lambda s: s.update({"positions": drawn(5, 4)}), "tensor 'positions' has no place in tagger"),
        (
            lambda s: s.update({"attention.in_proj_weight": drawn(8, 4)}),
            r"in_proj_weight has shape \(8, 4\), the model's .*query/kernel, .*wants \(12, 4\)",
        ),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_changes(spoil, words):
    model = tagger()
    state, before = state_dict(model), state_dict(model)
    state["attention.out_proj.bias"] = drawn(4)
    spoil(state)
    with pytest.raises(WeightError, match=words):
        load_state_dict(model, state)
    for key, value in state_dict(model).items():
        np.testing.assert_array_equal(value, before[key])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (lambda model: [Constant(model.attention.query_dense.kernel)], "query/kernel has 2 weight entries"),
        (lambda model: [Ignored("head.weight")], "head.weight has 2 weight entries"),
    ],
)
def test_nothing_is_declared_twice(more, words):
    model = tagger()
    model.torch_keys = TorchKeys(lambda model: [*pairs(model), *more(model)])
    with pytest.raises(WeightError, match=words):
        state_dict(model)


def test_a_constant_that_training_would_move():
    model = tagger()
    model.positions.trainable = True
    with pytest.raises(WeightError, match="positions is declared constant; make it trainable=False"):
        state_dict(model)
