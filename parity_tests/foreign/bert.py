"""KerasHub's BertBackbone, and BertModel of Hugging Face's transformers."""

from typing import Any

import keras
import numpy as np

from parity_tests.foreign.cpu_wheels import make_importable
from tfvc.parity import LayerTable, ParityCase
from tfvc.weights import Entry

WORDS, POSITIONS = 60, 20


def case(layers: int = 2, width: int = 64, heads: int = 8, frames: int = 13) -> ParityCase:
    """The pair, GELU by tanh; some words of each batch are padding."""

    def keras_model() -> keras.Model:
        import keras_hub

        return keras_hub.models.BertBackbone(WORDS, layers, heads, width, 3 * width, 0.0, POSITIONS)

    def torch_model() -> Any:
        make_importable()
        from transformers import BertConfig, BertModel

        sizes = {"vocab_size": WORDS, "max_position_embeddings": POSITIONS, "num_hidden_layers": layers}
        widths = {"hidden_size": width, "intermediate_size": 3 * width, "num_attention_heads": heads}
        no_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
        constants = {"hidden_act": "gelu_new", "layer_norm_eps": 1e-12}
        return BertModel(BertConfig(**sizes, **widths, **no_dropout, **constants))

    def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
        mask = np.arange(frames) < np.array([[frames], [frames - 4], [frames - 9]])
        words, segments = rng.integers(0, WORDS, (3, frames)), rng.integers(0, 2, (3, frames))
        return {"token_ids": words, "segment_ids": segments, "padding_mask": mask.astype(np.int64)}

    return ParityCase(
        "bert",
        keras_model,
        torch_model,
        LayerTable(_table(layers), lambda model: [_positions(model)]),
        inputs,
        lambda model, x, training: model(x, training=training),
        lambda module, x: _outputs(module(x["token_ids"], x["padding_mask"], x["segment_ids"])),
        accepted=("trained padding row",),
    )


def _positions(model: Any) -> Entry:
    return Entry("embeddings.position_embeddings.weight", model.position_embedding.position_embeddings)


def _outputs(found: Any) -> dict[str, Any]:
    return {"sequence_output": found.last_hidden_state, "pooled_output": found.pooler_output}


def _table(layers: int) -> dict[str, str]:
    parts = {
        "attention.self.query": "_self_attention_layer.query_dense",
        "attention.self.key": "_self_attention_layer.key_dense",
        "attention.self.value": "_self_attention_layer.value_dense",
        "attention.output.dense": "_self_attention_layer.output_dense",
        "attention.output.LayerNorm": "_self_attention_layer_norm",
        "intermediate.dense": "_feedforward_intermediate_dense",
        "output.dense": "_feedforward_output_dense",
        "output.LayerNorm": "_feedforward_layer_norm",
    }
    of_layers = {
        f"encoder.layer.{i}.{torch}": f"transformer_layers.{i}.{name}"
        for i in range(layers)
        for torch, name in parts.items()
    }
    return {
        "embeddings.word_embeddings": "token_embedding",
        "embeddings.token_type_embeddings": "segment_embedding",
        "embeddings.LayerNorm": "embeddings_layer_norm",
        **of_layers,
        "pooler.dense": "pooled_dense",
    }
