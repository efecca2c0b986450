"""Files that lie sealed, as the engine reads and writes them: decrypted piece by piece in memory, never on disk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fsspec import AbstractFileSystem

if TYPE_CHECKING:
    from counterseal.core.files import Files

SCHEME = "sealed"


class SealedFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """What fsspec asks of a file system, for absolute paths behind ``sealed://``."""

    protocol = SCHEME
    cachable = False

    def __init__(self, files: Files) -> None:
        super().__init__()
        self._files = files

    def _place(self, path: str) -> Path:
        return Path("/" + path.removeprefix(f"{SCHEME}://").lstrip("/"))

    def _open(self, path: str, mode: str = "rb", **_: Any) -> IO[bytes]:
        return self._files.create(self._place(path)) if "w" in mode else self._files.open(self._place(path))

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Give the size that the engine reads."""
        place = self._place(path)
        if not place.is_file():
            raise FileNotFoundError(place.name)
        with self._files.open(place) as file:
            return {"name": path, "size": file.seek(0, 2), "type": "file"}

    def exists(self, path: str, **_: Any) -> bool:
        """Tell whether it is there."""
        return self._place(path).exists()

    def isdir(self, path: str) -> bool:
        """Tell whether it is a folder."""
        return self._place(path).is_dir()

    def modified(self, path: str) -> datetime:
        """Tell when it was written."""
        return datetime.fromtimestamp(self._place(path).stat().st_mtime, UTC)

    def glob(self, path: str, **_: Any) -> list[str]:
        """Give the one file: names are not patterns here."""
        return [path]
