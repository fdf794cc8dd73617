import contextlib

import numpy as np
import pytest

from tfvc.weights.errors import WeightError
from tfvc.weights.onnx_reader import parameters, read_onnx
from tfvc.weights.onnx_reader.conftest import TYPES, field, model, node, tensor


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def refusal(path):
    with pytest.raises(WeightError) as problem:
        read_onnx(path)
    assert "\n" not in str(problem.value)
    return str(problem.value)


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("dtype", TYPES)
def test_tensors_of_all_types_in_both_forms(written, rng, dtype, packed, raw):
    for shape in ((), (3,), (2, 3, 1), (0, 2)):
        array = rng.normal(size=shape) * (1 if np.dtype(dtype).kind == "f" else 50)
        array = np.asarray(np.abs(array) if dtype == "uint8" else array).astype(dtype)
        found = read_onnx(written(model([tensor("a.b", array, raw, packed)]))).tensors["a.b"]
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(found, array)


def test_bfloat16_widens(written):
    array = np.array([1.5, -2.0, 0.0], np.float32)
    bits = (array.view(np.uint32) >> 16).astype("<u2").tobytes()
    found = read_onnx(written(model([field(1, 3) + field(2, 16) + field(8, "x") + field(9, bits)]))).tensors["x"]
    np.testing.assert_array_equal(found, array)


def test_nodes_with_their_attributes_and_what_a_caller_gives(written):
    value = np.arange(3, dtype=np.int64)
    nodes = [
        node("Conv", "/a/Conv", ["x", "w"], ["y"], strides=(2,), group=-1, alpha=0.5, mode="same", empty=()),
        node("Constant", "", [], ["c"], value=value),
    ]
    graph = read_onnx(written(model([tensor("w", np.ones(2, np.float32))], nodes, ["x", "w"])))
    assert graph.inputs == ("x",)
    first, second = graph.nodes
    assert (first.operation, first.name, first.inputs, first.outputs) == ("Conv", "/a/Conv", ("x", "w"), ("y",))
    assert first.attributes == {"strides": (2,), "group": -1, "alpha": 0.5, "mode": "same", "empty": ()}
    np.testing.assert_array_equal(second.attributes["value"], value)


def test_a_file_cut_anywhere_or_with_bytes_changed_is_refused_or_read(written, rng):
    """Whatever the bytes: an answer or one line, and no more memory than the file has."""
    whole = model([tensor("a.weight", rng.normal(size=(4, 3)).astype("f4"))], [node("Conv", "/a/Conv", ["x"], ["y"])])
    for length in range(len(whole)):
        assert "voice.onnx: " in refusal(written(whole[:length]))
    for _ in range(300):
        changed = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            changed[place] = rng.integers(0, 256)
        with contextlib.suppress(WeightError):
            read_onnx(written(bytes(changed)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"{}", "JSON, not weights"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (field(1, 8), "there is no graph in it"),
        (model([field(2, 1) + field(8, "x") + field(13, b"")]), "the tensor x lies in another file"),
        (model([field(2, 1) + field(8, "x") + field(14, 1)]), "the tensor x lies in another file"),
        (model([field(2, 8) + field(8, "x")]), "has elements of type 8, which NumPy cannot hold"),
        (model([field(1, 3) + field(2, 1) + field(8, "x") + field(9, b"1234")]), "1 elements for the shape (3,)"),
        (model([field(1, -1) + field(2, 1) + field(8, "x")]), "has the shape (-1,)"),
        (model([field(1, 1) + field(2, 1) + field(9, b"123")]), "ends within an element"),
        (model([tensor("x", np.ones(1, np.float32))] * 2), "the tensor 'x' is there twice"),
    ],
)
def test_what_is_no_onnx_model_is_refused_with_the_reason(written, content, words):
    assert words in refusal(written(content))


def test_a_missing_file_is_told(tmp_path):
    assert "no such file" in refusal(tmp_path / "none.onnx")


CONV = np.ones((2, 2, 3), np.float32)
BIAS = np.zeros(2, np.float32)


def named(written, tensors, nodes):
    graph = read_onnx(written(model([tensor(name, array) for name, array in tensors.items()], nodes)))
    return parameters(graph, "voice.onnx")


def test_an_anonymous_weight_has_the_name_of_its_module(written):
    """By the name of the node, by that of the bias where nodes are numbered, and of a table that took an input's."""
    tensors = {
        "onnx::Conv_7": CONV,
        "a.b.0.bias": BIAS,
        "onnx::Conv_8": 2 * CONV,
        "c.bias": BIAS,
        "onnx::Conv_9": 3 * CONV,
        "sid": np.ones((5, 2), np.float32),
        "d.weight": 4 * CONV,
        "/Constant_output_0": np.array([1, 2], np.int64),
        "scale": np.array(2.0, np.float32),
    }
    nodes = [
        node("Conv", "/a/b.0/Conv", ["x", "onnx::Conv_7", "a.b.0.bias"], strides=(1,)),
        node("Conv", "Conv_12", ["x", "onnx::Conv_8", "c.bias"]),
        node("ConvTranspose", "/e/ConvTranspose_1", ["x", "onnx::Conv_9"]),
        node("Gather", "/emb/Gather", ["sid", "x"]),
        node("Gather", "/Gather", ["/Constant_output_0", "x"]),
        node("Conv", "Conv_13", ["x", "d.weight"]),
        node("Mul", "/m/Mul", ["x", "scale"]),
    ]
    found = named(written, tensors, nodes)
    expected = {
        "a.b.0.weight": CONV,
        "a.b.0.bias": BIAS,
        "c.weight": 2 * CONV,
        "c.bias": BIAS,
        "e.weight": 3 * CONV,
        "emb.weight": tensors["sid"],
        "d.weight": 4 * CONV,
    }
    assert found.state.keys() == expected.keys()
    for key, array in expected.items():
        np.testing.assert_array_equal(found.state[key], array)
    assert list(found.constants) == ["/Constant_output_0", "scale"]
    assert found.modules["a.b.0"].attributes["strides"] == (1,)
    assert set(found.modules) == {"a.b.0", "c", "e", "emb", "d"}


def test_tensors_that_the_exporter_made_one_are_parameters_of_both(written):
    """It stores equal tensors once; the second module's bias has the first one's name."""
    nodes = [
        node("Conv", "/a/Conv", ["x", "w1", "a.bias"]),
        node("Conv", "/b/Conv", ["x", "w2", "a.bias"]),
    ]
    found = named(written, {"w1": CONV, "w2": 2 * CONV, "a.bias": BIAS}, nodes)
    assert set(found.state) == {"a.weight", "a.bias", "b.weight", "b.bias"}
    np.testing.assert_array_equal(found.state["b.weight"], 2 * CONV)


def test_two_tensors_of_one_name_are_refused(written):
    nodes = [node("Conv", "/a/Conv", ["x", "w1"]), node("Conv", "/a/Conv_1", ["x", "w2"])]
    with pytest.raises(WeightError, match=r"voice\.onnx: a\.weight is 'w2' in one place"):
        named(written, {"w1": CONV, "w2": 2 * CONV}, nodes)
