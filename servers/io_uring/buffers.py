"""A ring of buffers that the kernel takes from when data comes, not when a receive is asked for.

Ten thousand receives that wait would need ten thousand buffers; from a common ring only those
that have data take one (io_uring_register(2), IORING_REGISTER_PBUF_RING, Linux 5.19).
"""

from __future__ import annotations

import ctypes
import mmap
import struct

from servers.io_uring.queues import REGISTER, address, system_call

REGISTER_PBUF_RING = 22
_REGISTRATION = struct.Struct("=QIHHQQQ")  # address, entries, group, flags, reserved
_ENTRY = struct.Struct("=QIH")  # of one buffer: address, length, number
_ENTRY_BYTES = 16
_TAIL = struct.Struct("=H")
_TAIL_AT = 14  # it lies in what is padding in the first entry
_PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
MEMORY_BYTES = 2_097_152  # in all, of which only pages that were written to count
FEWEST, MOST = 8, 1024  # buffers, whatever they measure


class BufferRing:
    """Equal buffers in one piece of memory: buffer N begins at N times `size`."""

    def __init__(self, ring_fd: int, group: int, size: int) -> None:
        """Register with an io_uring. Raises OSError if the kernel does not have it."""
        self.size = size
        self.count = max(FEWEST, min(MOST, 1 << (MEMORY_BYTES // size or 1).bit_length() - 1))
        self.memory = mmap.mmap(-1, self.count * size, flags=_PRIVATE)
        self._ring = mmap.mmap(-1, self.count * _ENTRY_BYTES, flags=_PRIVATE)
        start = _address(self.memory)
        self._entries = [
            _ENTRY.pack(start + number * size, size, number) for number in range(self.count)
        ]
        self._in_slot = [-1] * self.count
        self._tail = 0
        self.give_back(range(self.count))
        registration = _REGISTRATION.pack(_address(self._ring), self.count, group, 0, 0, 0, 0)
        system_call(REGISTER, ring_fd, REGISTER_PBUF_RING, address(registration), 1)

    def give_back(self, numbers: range | list[int]) -> None:
        """Let the kernel use these buffers again.

        They come back in the order that they were taken in, so the entry in the next slot is
        nearly always the right one already. No memory barrier: with IORING_SETUP_DEFER_TASKRUN
        the kernel takes buffers in this thread, in its next system call.
        """
        in_slot, mask, tail = self._in_slot, self.count - 1, self._tail
        for number in numbers:
            slot = tail & mask
            if in_slot[slot] != number:
                in_slot[slot] = number
                at = slot * _ENTRY_BYTES
                self._ring[at : at + _ENTRY.size] = self._entries[number]
            tail += 1
        self._tail = tail & 0xFFFF
        _TAIL.pack_into(self._ring, _TAIL_AT, self._tail)


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
