"""How much of a RIFF wave file is missing.

libsndfile shortens a truncated wav to what is there and says nothing, so its header is read here.
"""

import struct
from pathlib import Path

# Writers that stream do not know the length and leave these.
_LENGTH_UNKNOWN = (0, 0xFFFFFFFF, 0x7FFFFFFF)


def missing_bytes(path: Path) -> int:
    """Bytes of sound data that a wav file lacks; 0 for whole files, other formats and unstated lengths."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] not in (b"RIFF", b"RIFX") or head[8:] != b"WAVE":
            return 0
        length = struct.Struct("<I" if head[:4] == b"RIFF" else ">I")
        position = 12
        while position + 8 <= size:
            file.seek(position)
            name, declared = file.read(4), length.unpack(file.read(4))[0]
            position += 8
            if name == b"data":
                return 0 if declared in _LENGTH_UNKNOWN else max(0, position + declared - size)
            position += declared + declared % 2
    return 0
