"""The style sheet is the one that was reviewed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from counterseal.errors import CountersealError
from counterseal.web import assets

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_was_altered_after_set_up():
    assert assets.TARGET.is_dir(), "make setup collects the style sheet"
    assert assets.sums(assets.TARGET) == assets.expected()


def test_a_package_that_is_not_the_one_reviewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "package"
    (package / "dist" / "css").mkdir(parents=True)
    (package / "dist" / "css" / "uswds.min.css").write_text("body{color:red}")
    (package / "LICENSE.md").write_text("another")
    monkeypatch.setattr(assets, "take_package", lambda folder, npm: package)
    monkeypatch.setattr(assets, "TARGET", tmp_path / "uswds")
    with pytest.raises(CountersealError) as refused:
        assets.collect(record=False)
    assert refused.value.code == "assets-sum"
    assert not (tmp_path / "uswds").exists()


def test_a_lock_that_names_a_registry():
    text = (assets.HERE / "npm" / "package-lock.json").read_text()
    assert "http" not in text
    packages = json.loads(text)["packages"]
    assert all(one["integrity"].startswith("sha512-") for name, one in packages.items() if name)


def test_a_style_sheet_that_names_a_file_we_did_not_take():
    listed = set(assets.expected())
    sheet = (assets.TARGET / assets.STYLE_SHEET).read_text(encoding="utf-8")
    for named in assets.NAMED_FILE.findall(sheet):
        assert named.removeprefix("../") in listed
