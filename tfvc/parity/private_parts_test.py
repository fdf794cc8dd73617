"""The frameworks still have the private parts that the harness uses, and they do what it takes them to do."""

import keras
import pytest
import tensorflow as tf
import torch

from tfvc.parity import private_parts


def test_layers_are_numbered_anew_inside_and_as_before_behind():
    first = keras.layers.Dense(1).name
    for _ in range(2):
        with private_parts.fresh_layer_names():
            assert keras.layers.Dense(1).name == "dense"
    stem, _, number = first.rpartition("_")
    assert keras.layers.Dense(1).name == (f"{stem}_{int(number) + 1}" if stem else "dense_1")


def test_sublayers_are_all_layers_the_model_first():
    inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="deep")], name="inner")
    model = keras.Sequential([keras.Input((2,)), inner, keras.layers.Dense(1, name="last")], name="outer")
    names = [layer.name for layer in private_parts.sublayers(model)]
    assert names[0] == "outer"
    assert {"inner", "deep", "last"} <= set(names)


def test_direct_variables_are_without_those_of_layers_inside():
    class Outer(keras.layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight(name="scale", shape=())
            self.count = self.add_weight(name="count", shape=(), trainable=False)
            self.inner = keras.layers.Dense(2)
            self.inner.build(shape)

    layer = Outer()
    layer.build((None, 3))
    assert [variable.name for variable in private_parts.direct_variables(layer)] == ["scale", "count"]
    assert len(layer.weights) == 4


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        (keras.optimizers.Adam(), {"momentum", "velocity"}),
        (keras.optimizers.SGD(momentum=0.9), {"momentum"}),
        (keras.optimizers.RMSprop(), {"velocity"}),
        (keras.optimizers.RMSprop(momentum=0.9, centered=True), {"velocity", "updates", "mean gradient"}),
        (keras.optimizers.Adagrad(), {"velocity"}),
        (keras.optimizers.Adamax(), {"momentum", "largest gradient"}),
        (keras.optimizers.Adadelta(), {"velocity", "squared updates"}),
        (keras.optimizers.Nadam(), {"momentum", "velocity"}),
        (keras.optimizers.AdamW(amsgrad=True), {"momentum", "velocity", "largest velocity"}),
        (keras.optimizers.SGD(), set()),
    ],
)
def test_slots_of_stock_optimizers(optimizer, slots):
    variables = [keras.Variable([1.0, 2.0]), keras.Variable([3.0])]
    optimizer.build(variables)
    found = private_parts.slot_variables(optimizer)
    assert set(found) == slots
    assert all([tuple(slot.shape) for slot in of_name] == [(2,), (1,)] for of_name in found.values())


def test_the_learning_rate_of_a_step():
    optimizer = keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5))
    assert [private_parts.learning_rate(optimizer, step) for step in (1, 2, 3)] == [0.5, 0.25, 0.125]
    assert private_parts.learning_rate(keras.optimizers.SGD(0.25), 3) == 0.25
    assert private_parts.learning_rate(object(), 1) is None


def test_a_tensor_counts_its_changes():
    x = torch.ones(3)
    before = private_parts.tensor_version(x)
    x + 1
    assert private_parts.tensor_version(x) == before
    x.add_(1)
    assert private_parts.tensor_version(x) > before


def test_spectral_norm_is_a_hook():
    module = torch.nn.utils.spectral_norm(torch.nn.Conv1d(2, 3, 1), n_power_iterations=2)
    (hook,) = private_parts.forward_pre_hooks(module)
    assert (hook.n_power_iterations, hook.name, hook.dim) == (2, "weight", 0)
    assert hook.eps > 0


def test_the_kernel_of_weight_norm():
    module = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(2, 3, 4))
    g, v = module.parametrizations.weight.original0, module.parametrizations.weight.original1
    kernel = private_parts.weight_norm_kernel(v, g)
    assert torch.equal(kernel, module.weight)
    torch.testing.assert_close(kernel, g * v / v.square().sum((1, 2), keepdim=True).sqrt())


def test_tensorflows_own_functions_call_the_cast_of_this_module(monkeypatch):
    """A GELU casts its constants to the dtype of its input."""
    module, seen = private_parts.math_operations(), []
    plain = module.cast
    monkeypatch.setattr(module, "cast", lambda *args, **kwargs: seen.append(args) or plain(*args, **kwargs))
    assert float(tf.nn.gelu(tf.constant(0.0))) == 0
    assert seen


def test_keras_converts_numbers_where_we_look(monkeypatch):
    modules, seen = private_parts.keras_conversions(), []
    assert {"keras.src.backend.tensorflow.numpy", "keras.src.backend.tensorflow.core"} <= {m.__name__ for m in modules}
    for module in modules:
        plain = module.convert_to_tensor
        monkeypatch.setattr(module, "convert_to_tensor", lambda *a, plain=plain, **k: seen.append(a) or plain(*a, **k))
    keras.ops.convert_to_tensor(1.5)
    keras.ops.sqrt(1.5)
    assert len(seen) >= 2


class Raising(keras.layers.Layer):
    def call(self, x):
        return tf.reshape(x, (7, 9))


def raised(function):
    with private_parts.whole_tracebacks(), pytest.raises(Exception) as caught:  # noqa: PT011  of any type
        function()
    return caught.value


def test_what_a_layer_raises_comes_as_it_is():
    before = keras.config.is_traceback_filtering_enabled()
    error = raised(lambda: Raising()(tf.ones((2, 3))))
    assert (
        private_parts.first_line(error) == "Input to reshape is a tensor with 6 values, but the requested shape has 63"
    )
    assert keras.config.is_traceback_filtering_enabled() is before


def test_what_is_raised_as_a_graph_is_traced():
    def function(x):
        raise ZeroDivisionError("first\nsecond")

    error = raised(lambda: tf.function(lambda x: function(x))(tf.ones(2)))
    cause = private_parts.innermost_cause(error)
    assert (type(cause), private_parts.first_line(cause)) == (ZeroDivisionError, "first")
    assert private_parts.source_lines(error)[0] == (__file__, function.__code__.co_firstlineno + 1)
    assert private_parts.innermost_cause(cause) is cause


def test_what_is_raised_as_a_graph_runs():
    graph = tf.function(lambda x, i: tf.gather(x, i))
    error = raised(lambda: graph(tf.ones((2, 4)), tf.constant([7])))
    assert private_parts.first_line(error) == "indices[0] = 7 is not in [0, 2)"
    graph = tf.function(lambda x, y: x + y, input_signature=[tf.TensorSpec(None), tf.TensorSpec(None)])
    error = raised(lambda: graph(tf.ones((2, 3)), tf.ones((4, 5))))
    assert private_parts.first_line(error).startswith("Incompatible shapes: [2,3] vs. [4,5]")


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_what_a_scripted_module_raises():
    error = raised(lambda: torch.jit.script(torch.nn.Linear(3, 4))(torch.ones(2, 5)))
    assert private_parts.first_line(error).startswith("RuntimeError: mat1 and mat2 shapes cannot be multiplied")
