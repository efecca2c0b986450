"""Every way that the files may look after a power cut, rebuilt from a trace of the real program.

After ALICE (Pillai and others, OSDI 2014): what was written and not synchronised may be there, not there, or
partly there; a rename may be undone until its folder is synchronised. SQLite's shared-memory file is left out.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CALLS = "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,unlink,mkdir"
CUT = "<unfinished ...>"
GONE_ON = re.compile(r"^ *<\.\.\. \w+ resumed>(.*)$")
LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")


@dataclass
class Step:
    """One call that changes files: what it does, to which file, with which bytes."""

    call: str
    path: str
    data: bytes = b""
    offset: int = 0
    other: str = ""


def trace(folder: Path, program: Path) -> list[Step]:
    """Run the program under strace and give its steps within the folder, and what it said."""
    out = folder.parent / "trace"
    run = ["strace", "-f", "-y", "-xx", "-s", "10000000", "-e", f"trace={CALLS}", "-o", str(out)]
    environment = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([*run, sys.executable, str(program), str(folder)], env=environment, check=True)
    ends: dict[str, int] = {}
    steps = []
    for line in _whole(out.read_text()):
        match = LINE.match(line)
        if match and int(match[3]) >= 0:
            step = _read(match[1], match[2], ends)
            if step is not None and (step.call == "said" or step.path.startswith(str(folder))):
                steps.append(step)
    return [step for step in steps if not step.path.endswith("-shm")]


def _whole(trace: str) -> Iterator[str]:
    """Give the calls of a trace, one a line, where threads have cut into one another's."""
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        thread, _, call = line.partition(" ")
        if call.endswith(CUT):
            begun[thread] = call.removesuffix(CUT).rstrip()
        elif match := GONE_ON.match(call):
            yield f"{thread} {begun.pop(thread)}{match[1]}"
        else:
            yield line


def _text(quoted: str) -> bytes:
    return bytes.fromhex(quoted.replace("\\x", ""))


def _read(call: str, arguments: str, ends: dict[str, int]) -> Step | None:  # noqa: PLR0911 - one return a call
    strings = [_text(one) for one in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', arguments)]
    named = re.search(r"^\d+<((?:\\x[0-9a-f]{2})+|[^>]*)>", arguments)
    path = ""
    if named:
        path = _text(named[1]).decode() if named[1].startswith("\\x") else named[1]
    if call == "openat":
        path = strings[0].decode("utf-8", "replace")
        if "O_CREAT" not in arguments:
            return None
        if "O_TRUNC" in arguments:
            ends[path] = 0
        return Step("create", path)
    if call == "write" and arguments.startswith("1<"):
        return Step("said", "", strings[0])
    if call == "write":
        offset = ends.get(path, 0)
        ends[path] = offset + len(strings[0])
        return Step("data", path, strings[0], offset)
    if call == "pwrite64":
        return Step("data", path, strings[0], int(arguments.rsplit(",", 1)[1]))
    if call == "ftruncate":
        return Step("cut", path, b"", int(arguments.rsplit(",", 1)[1]))
    if call in {"fsync", "fdatasync"}:
        return Step("sync", path)
    if call == "rename":
        return Step("rename", strings[0].decode(), other=strings[1].decode())
    if call in {"unlink", "mkdir"}:
        return Step(call, strings[0].decode())
    return None


@dataclass
class Disk:
    """Files by name; what of them is durable, and what is only in memory."""

    files: dict[str, bytearray] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def apply(self, step: Step, *, torn: int | None = None) -> None:
        """Do one step; with ``torn`` only so many bytes of its data arrive."""
        if step.call == "create":
            self.files.setdefault(step.path, bytearray())
        elif step.call == "data":
            content = self.files.setdefault(step.path, bytearray())
            data = step.data if torn is None else step.data[:torn]
            content.extend(bytes(max(0, step.offset + len(data) - len(content))))
            content[step.offset : step.offset + len(data)] = data
        elif step.call == "cut":
            content = self.files.setdefault(step.path, bytearray())
            del content[step.offset :]
        elif step.call == "rename" and step.path in self.files:
            self.files[step.other] = self.files.pop(step.path)
        elif step.call == "unlink":
            self.files.pop(step.path, None)
        elif step.call == "mkdir":
            self.folders.add(step.path)


def pending(steps: list[Step], upto: int) -> set[int]:
    """Give the steps before ``upto`` that a power cut at that point may undo."""
    loose: dict[int, Step] = {}
    for number, step in enumerate(steps[:upto]):
        if step.call in {"data", "cut", "rename", "unlink"}:
            loose[number] = step
        elif step.call == "sync":
            for old, other in list(loose.items()):
                names = step.path == str(Path(other.other or other.path).parent)
                if (other.call in {"data", "cut"} and other.path == step.path) or (
                    other.call in {"rename", "unlink"} and names
                ):
                    del loose[old]
    # what was written into a file that was then renamed is as durable as it was under its old name
    return set(loose)


def states(base: Disk, steps: list[Step], chance: random.Random) -> Iterator[tuple[str, Disk, list[str]]]:
    """Give each state: how it came about, the files, what had been said by then."""
    for upto in range(1, len(steps) + 1):
        if steps[upto - 1].call == "said":
            continue
        said = [step.data.decode().strip() for step in steps[:upto] if step.call == "said"]
        loose = sorted(pending(steps, upto))
        kinds: list[tuple[str, set[int], int | None]] = [("all kept", set(), None), ("all lost", set(loose), None)]
        if loose:
            some = {one for one in loose if chance.random() < 0.5}
            kinds += [("some lost", some, None), ("last lost", {loose[-1]}, None)]
            if steps[loose[-1]].call == "data":
                kinds.append(("last torn", set(), loose[-1]))
        for how, lost, torn in kinds:
            disk = Disk({name: bytearray(content) for name, content in base.files.items()}, set(base.folders))
            for number, step in enumerate(steps[:upto]):
                if number not in lost:
                    cut = len(step.data) // 2 if number == torn else None
                    disk.apply(step, torn=cut)
            yield f"{how} at step {upto}", disk, said
