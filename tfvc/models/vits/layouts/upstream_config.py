"""What upstream's `config.json` says beside the sizes (jaywalnut310/vits, configs/), and those of its forks."""

from pathlib import Path

from tfvc.common.errors import TfvcError
from tfvc.common.json_file import read_object
from tfvc.models.vits.layouts.published import LATIN_LETTERS, Published, section, speaker_ids, texts
from tfvc.models.vits.upstream import read_config
from tfvc.text import VITS_SYMBOLS, TextFrontEnd

_WHOSE = "upstream's config.json"


def published(path: Path, symbols: int) -> Published:
    """What the file says.

    Args:
        path: the file.
        symbols: rows of the network's symbol table. Upstream's code, not its file, says what they are; forks list them
            in it, and MMS (facebookresearch/fairseq, examples/mms/tts) in a `vocab.txt` beside it.

    Raises:
        TfvcError: naming a field that is missing, or not what upstream would have there.
    """
    content = read_object(path, _WHOSE)
    config, spec = read_config(path)
    data = section(content, "data", _WHOSE, path)
    letters = [] if content.get("symbols") else _letters(path.with_name("vocab.txt"))
    listed = content.get("symbols") or letters or VITS_SYMBOLS
    known = texts(list(listed) if isinstance(listed, str) else listed, "symbols", path)
    blank, front_end, notes = data.get("add_blank", True), None, ()
    if len(known) != symbols:
        notes = (f"{path} does not tell the network's {symbols} symbols, so the model reads no text",)
    elif letters:
        # There the cleaners of the file are not used: small letters, and what the voice has no symbol for goes.
        front_end = TextFrontEnd.of_list(known, blank, cleaners=("lowercase",), without_punctuation=True)
        if str(data.get("training_files")).endswith(".uroman"):
            notes = (LATIN_LETTERS,)
    else:
        cleaners = tuple(texts(data.get("text_cleaners", []), "text_cleaners", path))
        front_end = TextFrontEnd.of_list(known, blank, cleaners=cleaners)
    speakers = speaker_ids(content["speakers"], path) if content.get("speakers") else {}
    sizes = {"sampling_rate": spec.sample_rate, "filter_length": spec.n_fft, "hop_length": spec.hop}
    model = config.to_dict() | {"n_vocab": symbols}
    return Published(model, sizes | {"win_length": spec.win}, front_end, speakers, notes=notes)


def _letters(file: Path) -> list[str]:
    """The symbols in a file of one a line; none if it is not there."""
    if not file.is_file():
        return []
    try:
        content = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TfvcError(f"{file}: cannot be read ({error})") from None
    return content.removesuffix("\n").split("\n")
