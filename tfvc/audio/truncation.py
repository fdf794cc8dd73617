"""Is a sound file shorter than its own header says?

libsndfile reads what is there and says nothing, or fills up with silence:
its log, or the MPEG header, has to be asked.
"""

import re
from pathlib import Path

import soundfile

# Writers that stream do not know the length and leave one of these.
_LENGTH_UNKNOWN = {0, 0x7FFFFFFF, 0xFFFFFFFF}
# The chunk of samples in the log of wav, aiff, au and w64 files.
_LOGGED_LENGTH = re.compile(r"^ *(?:data|SSND|Data Size|riff) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
_MPEG_HEAD_BYTES = 4096


def missing_bytes(file: soundfile.SoundFile, path: Path) -> int:
    """Bytes of sound that the header promises and the file lacks; 0 where it has all or no length is stated."""
    if file.format == "MP3":
        return _missing_mpeg_bytes(path)
    for declared, present in _LOGGED_LENGTH.findall(file.extra_info):
        if int(declared) not in _LENGTH_UNKNOWN:
            return max(0, int(declared) - int(present))
    return 0


def looks_like_mpeg(path: Path) -> bool:
    """Whether libsndfile may hand the file to its MPEG decoder."""
    with path.open("rb") as file:
        head = file.read(3)
    return path.suffix.lower().startswith(".mp") or head == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")


def _missing_mpeg_bytes(path: Path) -> int:
    """By the Xing (Info) header that encoders put into the first frame; constant-rate files may have none."""
    with path.open("rb") as file:
        tag = file.read(10)
        start = 0
        if tag[:3] == b"ID3" and len(tag) == 10:
            # Its size has seven bits a byte.
            start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(tag[6:], (21, 14, 7, 0), strict=True))
        file.seek(start)
        head = file.read(_MPEG_HEAD_BYTES)
    found = re.search(rb"(?:Xing|Info)\x00\x00\x00(.)(.{8})", head, re.DOTALL)
    has_frames_and_bytes = 0b11
    if not found or found[1][0] & has_frames_and_bytes != has_frames_and_bytes:
        return 0
    return max(0, int.from_bytes(found[2][4:]) - (path.stat().st_size - start))
