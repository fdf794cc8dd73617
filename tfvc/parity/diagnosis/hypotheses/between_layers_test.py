"""What lies between layers, of tensors that are made wrong by another's equations than the hypotheses'."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from tfvc.parity.diagnosis.explain import explain
from tfvc.parity.diagnosis.subjects.tensor import TensorSubject

BATCH, TIME, HEADS, SIZE = 3, 7, 3, 5


@pytest.fixture
def projections():
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal((BATCH, TIME, HEADS * SIZE)) for name in ("query", "key", "value")}


def attention(projections, mask=None, causal=False, scale=None):
    """torch's own."""
    q, k, v = (torch.tensor(x).unflatten(-1, (HEADS, SIZE)).transpose(1, 2) for x in projections.values())
    found = functional.scaled_dot_product_attention(q, k, v, mask, is_causal=causal, scale=scale)
    return found.transpose(1, 2).flatten(2).numpy()


def named(theirs, ours, earlier, **inputs):
    subject = TensorSubject("What happens there", theirs, ours, earlier=earlier, inputs=inputs)
    found = explain(subject).hypothesis
    return found and f"{found.name}: {found.cause}"


SEEN = np.arange(TIME) < np.array([[7], [4], [2]])


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        ({}, {"scale": 1.0}, "the scores are not scaled"),
        ({}, {"scale": SIZE**-1}, "divided by the size of a head"),
        ({}, {"causal": True}, "has a causal mask, torch's has none"),
        ({"causal": True}, {}, "has no causal mask, torch's has one"),
        ({"mask": torch.tensor(SEEN)[:, None, None]}, {}, "has no mask, torch's has one"),
    ],
)
def test_an_attention(projections, theirs, ours, words):
    earlier = {f"the output of {name}": x for name, x in projections.items()}
    said = named(attention(projections, **theirs), attention(projections, **ours), earlier, seen=SEEN)
    assert said.startswith("attention: ")
    assert words in said


def test_an_inverted_mask(projections):
    earlier = {f"the output of {name}": x for name, x in projections.items()}
    seen = SEEN.copy()
    seen[0, -1] = False  # a row of which all is hidden is another matter
    theirs, ours = (attention(projections, torch.tensor(mask)[:, None, None]) for mask in (seen, ~seen))
    assert "mask is inverted" in named(theirs, ours, earlier, seen=seen.astype(np.int64))


def test_an_unknown_difference_in_an_attention_has_no_cause(projections):
    earlier = {f"the output of {name}": x for name, x in projections.items()}
    assert named(attention(projections), attention(projections, scale=0.123), earlier) is None


def test_terms_and_functions(projections):
    x, y, z = projections.values()
    earlier = {"the input of a": x, "the output of a": y}
    assert "a residual term, the input of a, is missing" in named(x + y, y, earlier)
    assert "a term, the output of a, is added" in named(x + y, x + 2 * y, earlier)
    relu = [np.maximum(total, 0) for total in (z + y, z + 2 * y)]
    assert "a term, the output of a, is added" in named(*relu, earlier)
    assert named(z + y, z, {"the input of a": x}) is None
    pooled = y.mean(1), y.max(1)
    assert "the maximum of the output of a where torch has the mean" in named(*pooled, earlier)
    clipped = np.clip(4 * y, 0, 6), np.clip(4 * y, 0, 3)
    assert "ends at 3 where torch has a ReLU that ends at 6" in named(*clipped, {"the output of a": 4 * y})


@pytest.mark.parametrize(
    ("module", "ours", "name"),
    [
        (torch.nn.LayerNorm(6), lambda x: x, "norm missing"),
        (torch.nn.LayerNorm(6), lambda x: functional.layer_norm(functional.layer_norm(x, (6,)), (6,)), "norm doubled"),
        (torch.nn.LayerNorm(6), lambda x: functional.layer_norm(x.mT, (4,)).mT, "norm axes"),
        (torch.nn.GroupNorm(1, 4), lambda x: functional.group_norm(x, 2), "groups"),
    ],
    ids=["missing", "doubled", "axes", "groups"],
)
def test_a_norm(module, ours, name):
    from tfvc.parity.diagnosis.hypothesis import hypotheses_about
    from tfvc.parity.diagnosis.subjects.layer import LayerSubject
    from tfvc.parity.findings.stage import Mode, StageKind
    from tfvc.parity.sides.call import Call
    from tfvc.parity.sides.structure import take_apart

    module, x = module.double(), torch.tensor(np.random.default_rng(1).standard_normal((3, 4, 6)))
    template, tensors = take_apart(((x,), {}), torch.is_tensor)
    theirs, wrong = ({"output": y.detach().numpy()} for y in (module(x), ours(x)))
    call = Call(module, 1, template, tensors, outputs=[module(x)])
    subject = LayerSubject(
        *(module, [], Mode.INFERENCE, StageKind.OUTPUTS, call, call, [x.numpy()], None, theirs, wrong, {}, lambda x: x)
    )
    assert explain(subject, hypotheses_about(subject)).hypothesis.name == name
