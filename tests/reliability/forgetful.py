"""Forgetful: a file system in memory of which a power cut leaves what was synced; a process of its own serves it.

A file's bytes are safe after fsync or fdatasync of the file, its name after fsync of the folder; POSIX says no more.
"""

import errno
import os
import random
import stat
import sys
from collections.abc import Iterator

SECTOR = 512  # bytes that a disk writes completely or not at all
_WRITES = 1 | 2  # O_WRONLY | O_RDWR


class File:
    """Bytes, and what each sector was when they were synced last."""

    def __init__(self, mode: int) -> None:
        self.mode = stat.S_IFREG | stat.S_IMODE(mode)
        self.data = bytearray()
        self._before: dict[int, bytes] = {}
        self._synced_size = 0

    def write(self, data: bytes, offset: int) -> None:
        end = offset + len(data)
        self._remember(min(offset, len(self.data)), end)
        self.data.extend(bytes(max(0, offset - len(self.data))))
        self.data[offset:end] = data

    def truncate(self, size: int) -> None:
        self._remember(min(size, len(self.data)), max(size, len(self.data)))
        self.data.extend(bytes(max(0, size - len(self.data))))
        del self.data[size:]

    def sync(self) -> None:
        self._before.clear()
        self._synced_size = len(self.data)

    def forget(self, chance: random.Random | None) -> None:
        """Become what was synced; with `chance` some of what came later stays, sector by sector."""
        size = len(self.data) if chance and chance.random() < 0.5 else self._synced_size
        self.data.extend(bytes(max(0, size - len(self.data))))
        for sector, was in self._before.items():
            if chance is None or chance.random() < 0.5:
                start = sector * SECTOR
                self.data[start : start + SECTOR] = was.ljust(SECTOR, b"\0")
        del self.data[size:]
        self.sync()

    def _remember(self, start: int, end: int) -> None:
        for sector in range(start // SECTOR, -(-end // SECTOR)):
            if sector not in self._before:
                self._before[sector] = bytes(self.data[sector * SECTOR : (sector + 1) * SECTOR])


class Folder:
    """Names, and those that were synced last."""

    def __init__(self, mode: int) -> None:
        self.mode = stat.S_IFDIR | stat.S_IMODE(mode)
        self.names: dict[str, File | Folder] = {}
        self._synced: dict[str, File | Folder] = {}

    def sync(self) -> None:
        self._synced = dict(self.names)

    def forget(self, chance: random.Random | None) -> None:
        """As a file's; here it is each name that may stay or not."""
        for name in {*self.names, *self._synced}:
            if chance is None or chance.random() < 0.5:
                self.names.pop(name, None)
                if name in self._synced:
                    self.names[name] = self._synced[name]
        self.sync()
        for node in self.names.values():
            node.forget(chance)


class Forgetful:
    """What FUSE asks for. It is told what is to happen to it through attributes of its root, see `setxattr`."""

    # No `nullpath_ok`: with it mfusepy tells neither path nor handle of a file that is made shorter while it is open.
    use_ns = True

    def __init__(self) -> None:
        self.is_wanted = True
        self._root = Folder(0o755)
        self._open: dict[int, File | Folder] = {}
        self._last = 0
        self._is_read_only = self._has_power = False

    def init(self, path: str) -> None:
        del path
        self._open.clear()
        self._has_power = True
        sys.stdout.write("mounted\n")
        sys.stdout.flush()

    def setxattr(self, path: str, name: str, value: bytes, options: int) -> None:
        """`user.cut` cuts the power (a seed keeps some of what was not synced), `user.read-only` and `user.end`."""
        del path, options
        if name == "user.read-only":
            self._is_read_only = value == b"on"
        elif name == "user.end":
            self.is_wanted = False
        else:
            # What the kernel has not written back yet comes to nothing.
            self._has_power = False
            self._root.forget(random.Random(value) if value else None)  # noqa: S311 - repeatable, on purpose

    def getattr(self, path: str | None, fh: int | None = None) -> dict[str, int]:
        node = self._node(path, fh)
        size = len(node.data) if isinstance(node, File) else 0
        owner = {"st_uid": os.getuid(), "st_gid": os.getgid()}
        return {"st_mode": node.mode, "st_nlink": 1, "st_size": size, **owner}

    def statfs(self, path: str) -> dict[str, int]:
        del path
        return {"f_bsize": 4_096, "f_frsize": 4_096, "f_blocks": 1 << 20, "f_bfree": 1 << 19, "f_bavail": 1 << 19}

    def opendir(self, path: str) -> int:
        return self._opened(self._folder(path))

    def readdir(self, path: str | None, fh: int) -> Iterator[str]:
        del path
        folder = self._open[fh]
        assert isinstance(folder, Folder)
        yield from (".", "..", *folder.names)

    def chmod(self, path: str, mode: int) -> None:
        self._must_be_writable()
        node = self._node(path)
        node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(mode)

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> None:
        """It has no times."""

    # Names

    def create(self, path: str, mode: int, flags: int) -> int:
        self._must_be_writable()
        folder, name = self._place(path)
        folder.names[name] = File(mode)
        return self.open(path, flags)

    def mkdir(self, path: str, mode: int) -> None:
        self._must_be_writable()
        folder, name = self._place(path)
        folder.names[name] = Folder(mode)

    def link(self, target: str, source: str) -> None:
        self._must_be_writable()
        folder, name = self._place(target)
        folder.names[name] = self._node(source)

    def rename(self, old: str, new: str) -> None:
        self._must_be_writable()
        node = self._node(old)
        folder, name = self._place(new)
        folder.names[name] = node
        self.unlink(old)

    def unlink(self, path: str) -> None:
        self._must_be_writable()
        folder, name = self._place(path)
        del folder.names[name]

    rmdir = unlink

    # Bytes

    def open(self, path: str, flags: int) -> int:
        node = self._node(path)
        if isinstance(node, Folder):
            raise _error(errno.EISDIR)
        if flags & _WRITES:
            self._must_be_writable()
        return self._opened(node)

    def read(self, path: str | None, size: int, offset: int, fh: int) -> bytes:
        del path
        return bytes(self._file(fh).data[offset : offset + size])

    def write(self, path: str | None, data: bytes, offset: int, fh: int) -> int:
        del path
        self._must_be_writable()
        if self._has_power:
            self._file(fh).write(data, offset)
        return len(data)

    def truncate(self, path: str | None, length: int, fh: int | None = None) -> None:
        self._must_be_writable()
        node = self._node(path, fh)
        if isinstance(node, File) and self._has_power:
            node.truncate(length)

    def fsync(self, path: str | None, datasync: int, fh: int) -> None:
        del path, datasync
        self._must_be_writable()
        if self._has_power:
            self._open[fh].sync()

    fsyncdir = fsync

    def release(self, path: str | None, fh: int) -> None:
        del path
        self._open.pop(fh, None)

    releasedir = release

    def _must_be_writable(self) -> None:
        if self._is_read_only:
            raise _error(errno.EROFS)

    def _opened(self, node: File | Folder) -> int:
        self._last += 1
        self._open[self._last] = node
        return self._last

    def _file(self, fh: int) -> File:
        node = self._open[fh]
        assert isinstance(node, File)
        return node

    def _node(self, path: str | None, fh: int | None = None) -> File | Folder:
        if fh is not None and fh in self._open:
            return self._open[fh]
        node: File | Folder = self._root
        for name in filter(None, (path or "/").split("/")):
            if not isinstance(node, Folder) or name not in node.names:
                raise _error(errno.ENOENT)
            node = node.names[name]
        return node

    def _folder(self, path: str) -> Folder:
        node = self._node(path)
        if not isinstance(node, Folder):
            raise _error(errno.ENOTDIR)
        return node

    def _place(self, path: str) -> tuple[Folder, str]:
        folder, _, name = path.rpartition("/")
        return self._folder(folder), name


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def main() -> None:
    """Serve it at a folder; whenever it is unmounted, mount it again, unless it is not wanted any more."""
    from mfusepy import FUSE  # noqa: PLC0415 - raises OSError where FUSE's library is missing

    disk = Forgetful()
    while disk.is_wanted:
        FUSE(disk, sys.argv[1], foreground=True, nothreads=True, fsname="forgetful", hard_remove=True)


if __name__ == "__main__":
    main()
