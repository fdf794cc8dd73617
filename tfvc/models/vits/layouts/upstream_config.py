"""What upstream's `config.json` says beside the sizes (jaywalnut310/vits, configs/), and those of its forks."""

from pathlib import Path

from tfvc.common.json_file import read_object
from tfvc.models.vits.layouts.published import Published, section, speaker_ids, texts
from tfvc.models.vits.upstream import read_config
from tfvc.text import VITS_SYMBOLS, TextFrontEnd

_WHOSE = "upstream's config.json"


def published(path: Path, symbols: int) -> Published:
    """What the file says.

    Args:
        path: the file.
        symbols: rows of the network's symbol table; upstream's code, not its file, says what they are.

    Raises:
        TfvcError: naming a field that is missing, or not what upstream would have there.
    """
    content = read_object(path, _WHOSE)
    config, spec = read_config(path)
    data = section(content, "data", _WHOSE, path)
    listed = content.get("symbols") or VITS_SYMBOLS
    known = texts(list(listed) if isinstance(listed, str) else listed, "symbols", path)
    front_end, notes = None, ()
    if len(known) == symbols:
        cleaners = tuple(texts(data.get("text_cleaners", []), "text_cleaners", path))
        front_end = TextFrontEnd.of_list(known, add_blank=data.get("add_blank", True), cleaners=cleaners)
    else:
        notes = (f"{path} does not tell the network's {symbols} symbols, so the model reads no text",)
    speakers = speaker_ids(content["speakers"], path) if content.get("speakers") else {}
    sizes = {"sampling_rate": spec.sample_rate, "filter_length": spec.n_fft, "hop_length": spec.hop}
    model = config.to_dict() | {"n_vocab": symbols}
    return Published(model, sizes | {"win_length": spec.win}, front_end, speakers, notes=notes)
