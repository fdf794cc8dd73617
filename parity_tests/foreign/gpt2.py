"""KerasHub's GPT2Backbone, and GPT2Model of Hugging Face's transformers."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from parity_tests.foreign.cpu_wheels import make_importable
from tfvc.parity import LayerTable, ParityCase
from tfvc.weights import Concatenation, Entry, Flattened

WORDS, POSITIONS = 60, 20


def case(layers: int = 2, width: int = 128, heads: int = 2, frames: int = 11) -> ParityCase:
    """The pair; the last words of a row are padding."""

    def keras_model() -> keras.Model:
        import keras_hub

        return keras_hub.models.GPT2Backbone(WORDS, layers, heads, width, 4 * width, 0.0, POSITIONS)

    def torch_model() -> Any:
        make_importable()
        from transformers import GPT2Config, GPT2Model

        no_dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
        sizes = {"vocab_size": WORDS, "n_positions": POSITIONS, "n_embd": width, "n_layer": layers, "n_head": heads}
        no_ends = {"bos_token_id": None, "eos_token_id": None}
        return GPT2Model(GPT2Config(**sizes, **no_dropout, **no_ends, use_cache=False))

    def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
        mask = np.arange(frames) < np.array([[frames], [frames - 4]])
        return {"token_ids": rng.integers(0, WORDS, (2, frames)), "padding_mask": mask.astype(np.int64)}

    return ParityCase(
        "gpt2",
        keras_model,
        torch_model,
        LayerTable({"wte": "token_embedding", "ln_f": "layer_norm"} | _norms(layers), _entries),
        inputs,
        lambda model, x, training: {"output": model(x, training=training)},
        lambda module, x: {
            "output": module(x["token_ids"], attention_mask=x["padding_mask"]).last_hidden_state,
        },
    )


def _norms(layers: int) -> dict[str, str]:
    names = {"ln_1": "_self_attention_layer_norm", "ln_2": "_feedforward_layer_norm"}
    return {f"h.{i}.{torch}": f"transformer_layers.{i}.{name}" for i in range(layers) for torch, name in names.items()}


def _entries(model: Any) -> Iterator[Entry]:
    """GPT-2's projections have their weights as Keras has them; the first of an attention is three in one."""
    yield Entry("wpe.weight", model.position_embedding.position_embeddings)
    for i, layer in enumerate(model.transformer_layers):
        attention = layer._self_attention_layer
        three = [attention.query_dense, attention.key_dense, attention.value_dense]
        kernel, bias = (Flattened.of(x.shape, *groups) for x, groups in _groups(three[0]))
        at = f"h.{i}.attn.c_attn"
        yield Entry(f"{at}.weight", [x.kernel for x in three], kernel, variables_as=Concatenation(1))
        yield Entry(f"{at}.bias", [x.bias for x in three], bias, variables_as=Concatenation(0))
        output = attention.output_dense.kernel
        yield Entry(f"h.{i}.attn.c_proj.weight", output, Flattened.of(output.shape, (0, 1), (2,)))
        yield Entry(f"h.{i}.attn.c_proj.bias", attention.output_dense.bias)
        dense = {"c_fc": layer._feedforward_intermediate_dense, "c_proj": layer._feedforward_output_dense}
        for name, part in dense.items():
            yield Entry(f"h.{i}.mlp.{name}.weight", part.kernel)
            yield Entry(f"h.{i}.mlp.{name}.bias", part.bias)


def _groups(projection: Any) -> list[tuple[Any, tuple[tuple[int, ...], ...]]]:
    return [(projection.kernel, ((0,), (1, 2))), (projection.bias, ((0, 1),))]
