"""The two queues of an io_uring, in memory shared with the kernel, and its system calls.

It is what liburing does in C, for one thread (io_uring_setup(2), io_uring_enter(2)), and needs no
package: the one that has wheels, `liburing` 2026.3.30, was compiled for processors with AVX-512
and dies of an illegal instruction on any other. No memory barriers: with
IORING_SETUP_DEFER_TASKRUN the kernel works for this ring in this thread's system calls alone.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct

SETUP, ENTER, REGISTER = 425, 426, 427  # system calls, the same on all architectures
SUBMIT_ALL, SINGLE_ISSUER, DEFER_TASKRUN = 1 << 7, 1 << 12, 1 << 13
GET_EVENTS, EXTENDED = 1 << 0, 1 << 3  # flags of ENTER
OVERFLOWED = 1 << 1  # of the submission queue
ENTRIES_AT = 0x10000000
POPULATE = 0x8000
COUNTER = 0xFFFFFFFF  # heads and tails count all entries ever, in 32 bits

# Operation, flags, priority, descriptor, offset, address, length, options, key, group, and rest.
_ENTRY = struct.Struct("=BBHiQQIIQHHiQQ")
_COMPLETION = struct.Struct("=QiI")  # key, result, flags
_TIME = struct.Struct("=qq")
_EXTENDED = struct.Struct("=QIIQ")  # no signal mask; address of the time
_PARAMETERS = 30  # numbers of 32 bits; where some of them are:
_SQ_ENTRIES, _CQ_ENTRIES, _FLAGS = 0, 1, 2
_SQ_HEAD, _SQ_TAIL, _SQ_FLAGS, _SQ_ARRAY = 10, 11, 14, 16
_CQ_HEAD, _CQ_TAIL, _CQES = 20, 21, 25

_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.argtypes, _syscall.restype = [ctypes.c_long] * 7, ctypes.c_long
_bytes = ctypes.c_char_p()
_address_of_bytes = ctypes.c_void_p.from_buffer(_bytes)


def system_call(number: int, *arguments: int) -> int:
    """Raises OSError."""
    result: int = _syscall(number, *arguments, *(0,) * (6 - len(arguments)))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def address(output: bytes) -> int:
    """Where bytes are, as long as somebody keeps them."""
    _bytes.value = output
    return _address_of_bytes.value or 0


class Queues:
    """What is asked for, and what is done."""

    def __init__(self, entries: int) -> None:
        """Raises OSError if there can be none; `entries` is a power of two."""
        given = (ctypes.c_uint32 * _PARAMETERS)()
        given[_FLAGS] = SUBMIT_ALL | SINGLE_ISSUER | DEFER_TASKRUN
        self.fd = system_call(SETUP, entries, ctypes.addressof(given))
        self._size, done = given[_SQ_ENTRIES], given[_CQ_ENTRIES]
        begin, end = given[_CQES], given[_CQES] + done * _COMPLETION.size
        try:
            length = max(end, given[_SQ_ARRAY] + self._size * 4)
            shared = mmap.MAP_SHARED | POPULATE
            self._shared = mmap.mmap(self.fd, length, shared)
            self._entries = mmap.mmap(self.fd, self._size * _ENTRY.size, shared, offset=ENTRIES_AT)
        except BaseException:
            os.close(self.fd)
            raise
        self._bytes = memoryview(self._shared)
        self._numbers = self._bytes.cast("I")
        self._completions = self._bytes[begin:end]
        self._sq_head, self._sq_tail, self._sq_flags, array, self._cq_head, self._cq_tail = (
            given[place] // 4
            for place in (_SQ_HEAD, _SQ_TAIL, _SQ_FLAGS, _SQ_ARRAY, _CQ_HEAD, _CQ_TAIL)
        )
        for place in range(self._size):
            self._numbers[array + place] = place
        self._tail, self._head, self._done = 0, 0, done
        self._room = self._size
        self._times: dict[float, tuple[ctypes.Array[ctypes.c_char], ...]] = {}

    def ask(
        self,
        operation: int,
        fd: int,
        key: int,
        flags: int = 0,
        address: int = 0,
        length: int = 0,
        options: int = 0,
        priority: int = 0,
        group: int = 0,
    ) -> None:
        """Put an entry into the queue."""
        if not self._room:
            self.make_room(1)
        _ENTRY.pack_into(
            *(self._entries, (self._tail & self._size - 1) * _ENTRY.size),
            *(operation, flags, priority, fd, 0, address, length, options, key, group, 0, 0, 0, 0),
        )
        self._tail += 1
        self._room -= 1

    def make_room(self, count: int) -> None:
        """For entries that must be handed over together."""
        if self._room < count:
            self._enter(0, 0)
        if self._room < count:
            raise BufferError("the submission queue is full although it has been submitted")

    def enter(self, completions: int, seconds: float = 0) -> None:
        """Hand over what was asked for; wait for so many completions, for ever if `seconds` is 0.
        Raises OSError, also when the time is over."""
        if not seconds:
            self._enter(completions, GET_EVENTS)
            return
        if seconds not in self._times:
            whole = int(seconds)
            time = ctypes.create_string_buffer(_TIME.pack(whole, int((seconds - whole) * 1e9)))
            extended = _EXTENDED.pack(0, 0, 0, ctypes.addressof(time))
            self._times[seconds] = ctypes.create_string_buffer(extended), time
        place = ctypes.addressof(self._times[seconds][0])
        self._enter(completions, GET_EVENTS | EXTENDED, place, _EXTENDED.size)

    def _enter(self, completions: int, flags: int, argument: int = 0, size: int = 0) -> None:
        numbers = self._numbers
        numbers[self._sq_tail] = self._tail & COUNTER
        try:
            system_call(ENTER, self.fd, self._waiting(), completions, flags, argument, size)
        finally:
            self._room = self._size - self._waiting()

    def _waiting(self) -> int:
        return (self._tail - self._numbers[self._sq_head]) & COUNTER

    def overflowed(self) -> bool:
        """Whether there are completions that the queue had no room for; they come next."""
        return bool(self._numbers[self._sq_flags] & OVERFLOWED)

    def completions(self) -> list[tuple[int, int, int]]:
        """Key, result and flags of each completion that is there."""
        count = (self._numbers[self._cq_tail] - self._head) & COUNTER
        first = self._head & self._done - 1
        size, last = _COMPLETION.size, min(first + count, self._done)
        found = list(_COMPLETION.iter_unpack(self._completions[first * size : last * size]))
        if more := first + count - last:
            found += _COMPLETION.iter_unpack(self._completions[: more * size])
        return found

    def seen(self, count: int) -> None:
        """Give the entries of so many completions back to the kernel."""
        self._head = (self._head + count) & COUNTER
        self._numbers[self._cq_head] = self._head

    def end(self) -> None:
        """End the ring, and whatever it has been asked for."""
        for view in (self._numbers, self._completions, self._bytes):
            view.release()
        self._entries.close()
        self._shared.close()
        os.close(self.fd)
