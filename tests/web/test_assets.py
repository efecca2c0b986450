"""The style sheet is the one that was reviewed."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from counterseal.web import collect


def test_a_file_that_was_altered_after_set_up():
    assert collect.TARGET.is_dir(), "make setup collects the style sheet"
    found = {
        str(path.relative_to(collect.TARGET)): path for path in sorted(collect.TARGET.rglob("*")) if path.is_file()
    }
    found.pop(collect.LICENCE)
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items()} == collect.read_sums()


def test_a_package_that_is_not_the_one_reviewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing of it is kept, and set-up stops."""
    package = tmp_path / "@uswds" / "uswds"
    for name in collect.FIXED:
        (package / "dist" / name).parent.mkdir(parents=True, exist_ok=True)
        (package / "dist" / name).write_text("body{color:red}")
    (package / "LICENSE.md").write_text("another")
    monkeypatch.setattr(collect, "TARGET", tmp_path / "uswds")
    assert collect.main([str(tmp_path)]) == 1
    assert not (tmp_path / "uswds").exists()


def test_a_lock_that_names_a_registry():
    text = (collect.SUMS.parent / "package-lock.json").read_text()
    assert "http" not in text
    packages = json.loads(text)["packages"]
    assert all(one["integrity"].startswith("sha512-") for name, one in packages.items() if name)


def test_a_style_sheet_that_names_a_file_we_did_not_take():
    """But the older form of a font, which no browser that opens these pages asks for."""
    sheet = (collect.TARGET / "css" / "uswds.min.css").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"url\(\"?\.\./([^)\"?#]+)", sheet) if not name.endswith(".ttf")}
    assert named <= set(collect.read_sums())
