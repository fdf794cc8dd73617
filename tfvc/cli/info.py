"""`tfvc info`: what a preset is."""

import json
from typing import Annotated

import typer

from tfvc.cli.console import say
from tfvc.common.json_file import read_object


def info(preset: Annotated[str, typer.Argument(metavar="PRESET_DIR", help="Folder or name of a preset.")]) -> None:
    """Show a preset's configuration, mel spec, speaker encoder, parameters and training record."""
    import numpy as np

    from tfvc.models.load import load_preset
    from tfvc.models.locations import find_preset
    from tfvc.weights import weights_sha256

    folder = find_preset(preset)
    model = load_preset(folder)
    trainable = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    rows = {
        "preset": folder,
        "model": model.name_in_presets,
        "parameters": f"{trainable:,} trainable, {model.count_params() - trainable:,} non-trainable",
        **{name: getattr(model, name) for name in model.states},
        **{f"config.{name}": value for name, value in model.config.to_dict().items()},
        "mel": _name_of(model.mel_spec),
        **{f"mel.{name}": value for name, value in json.loads(model.mel_spec.to_json()).items()},
    }
    for name, content in model.inputs().items():
        rows |= {f"{name}.{field}": value for field, value in content.items()}
    rows["weights.sha256"] = weights_sha256(model)
    record = folder / "training.json"
    if record.is_file():
        content = read_object(record, "the record of a training")
        rows |= {f"training.{name}": json.dumps(value) for name, value in content.items()}
    for name, value in rows.items():
        say(f"{name:28} {_shown(value)}")
    for line in model.notes():
        say(f"{'note':28} {line}")


def _name_of(spec) -> str:
    from tfvc.audio.named_specs import named_specs

    return next((name for name, known in named_specs().items() if known == spec), "a spec of its own")


def _shown(value, most: int = 200) -> str:
    """A table of symbols is hundreds of entries long."""
    text = "unknown" if value is None else str(value)
    whole = isinstance(value, str) or len(text) <= most
    return text if whole else f"{text[:most]}... ({len(value)} entries)"
