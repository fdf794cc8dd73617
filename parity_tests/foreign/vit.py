"""KerasHub's ViTBackbone, and ViTModel of Hugging Face's transformers."""

from typing import Any

import keras

from parity_tests.foreign.cpu_wheels import make_importable
from tfvc.parity import LayerTable, ParityCase
from tfvc.weights import Entry, Flattened

PATCH = 8
PARTS = {
    "attention.q_proj": "mha/query",
    "attention.k_proj": "mha/key",
    "attention.v_proj": "mha/value",
    "attention.o_proj": "mha/attention_output",
    "layernorm_before": "ln_1",
    "layernorm_after": "ln_2",
    "mlp.fc1": "mlp/dense_1",
    "mlp.fc2": "mlp/dense_2",
}


def case(layers: int = 2, width: int = 96, heads: int = 12, size: int = 32) -> ParityCase:
    """The pair, GELU by the error function."""

    def keras_model() -> keras.Model:
        import keras_hub

        return keras_hub.models.ViTBackbone((size, size, 3), PATCH, layers, heads, width, 2 * width)

    def torch_model() -> Any:
        make_importable()
        from transformers import ViTConfig, ViTModel

        sizes = {"image_size": size, "patch_size": PATCH, "num_hidden_layers": layers, "num_attention_heads": heads}
        widths = {"hidden_size": width, "intermediate_size": 2 * width}
        return ViTModel(ViTConfig(**sizes, **widths, layer_norm_eps=1e-6), add_pooling_layer=False)

    def entries(model: keras.Model) -> list[Entry]:
        patches = model.get_layer("vit_patching_and_embedding")
        positions = patches.position_embedding.embeddings
        layout = Flattened.of(positions.shape, (), (0,), (1,))  # torch's has an axis for the batch
        return [
            Entry("embeddings.cls_token", patches.class_token),
            Entry("embeddings.position_embeddings", positions, layout),
        ]

    blocks = {
        f"layers.{i}.{torch}": f"vit_encoder/transformer_block_{i + 1}/{name}"
        for i in range(layers)
        for torch, name in PARTS.items()
    }
    ends = {"embeddings.patch_embeddings.projection": "patch_embedding", "layernorm": "ln"}
    return ParityCase(
        "vit",
        keras_model,
        torch_model,
        LayerTable(ends | blocks, entries),
        lambda rng: {"images": rng.standard_normal((2, size, size, 3))},
        torch_forward=lambda module, x: {"output": module(x["images"].permute(0, 3, 1, 2)).last_hidden_state},
    )
