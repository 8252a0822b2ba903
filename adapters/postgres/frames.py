"""What is kept as one zstd frame: packed and unpacked again, within limits."""

from collections.abc import Iterable
from typing import Final

import zstandard

_LEVEL: Final = 3
"""Of zstd: 1.4 million events a second and a fifth of the size; higher levels gain little on events."""
_LEVEL_OF_PIECES: Final = 1
"""Of what repeats itself from line to line there is little to be found by looking longer."""


def packed(body: bytes) -> bytes:
    """Bytes as one frame that says their size and carries a checksum."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(body)


def unpacked(frame: bytes, at_most: int) -> bytes | None:
    """What a frame that says its size holds; None where its bytes are damaged, or hold nothing or more than so many."""
    try:
        # The frame says how much it holds; a damaged one must not make us take that much memory.
        size = zstandard.frame_content_size(frame)
        if not 0 < size <= at_most or not zstandard.get_frame_parameters(frame).has_checksum:
            return None
        return zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)
    except zstandard.ZstdError:
        return None


def packed_pieces(pieces: Iterable[bytes]) -> tuple[bytes, int]:
    """Bytes that never have to be in memory as a whole, as one frame; and how many they are."""
    packing = zstandard.ZstdCompressor(level=_LEVEL_OF_PIECES, write_checksum=True).compressobj()
    parts, length = list[bytes](), 0
    for piece in pieces:
        length += len(piece)
        parts.append(packing.compress(piece))
    return b"".join((*parts, packing.flush())), length


def unpacked_pieces(frame: bytes, length: int) -> bytes | None:
    """What was packed so; None where the bytes of the frame are damaged, or are not so many unpacked."""
    try:
        body = zstandard.ZstdDecompressor().decompress(frame, max_output_size=length, allow_extra_data=False)
    except zstandard.ZstdError:
        return None
    return body if len(body) == length else None
