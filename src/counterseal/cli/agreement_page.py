"""``counterseal agreement show``: the agreement as a page to print and sign."""

from __future__ import annotations

from pathlib import Path  # typer reads the annotations
from typing import Annotated

import typer

from counterseal.errors import CountersealError


def show(
    document: Annotated[Path, typer.Argument(metavar="AGREEMENT", help="The folder with agreement.md, or the file.")],
    out: Annotated[Path, typer.Option(help="The file to write: a name that ends in .html or in .pdf.")],
) -> None:
    """Write the agreement as a page: the rules with their law, both ways, and what counsel must still settle."""
    if out.suffix not in {".html", ".pdf"}:
        raise CountersealError(
            "page-form", "This is neither a page nor a PDF.", where="--out", next_step="End the name in .html or .pdf."
        )
    if not out.parent.is_dir():
        raise CountersealError(
            "folder-missing", "There is no such folder.", where=str(out.parent), next_step="Make it, or name another."
        )
    from counterseal.agreements import load_agreement  # loads what reads and draws
    from counterseal.agreements.page import page_html, page_pdf

    agreement = load_agreement(document)
    page = page_html(agreement).encode() if out.suffix == ".html" else page_pdf(agreement)
    try:
        out.write_bytes(page)
    except OSError as fault:
        raise CountersealError(
            "file-unwritable", "The page cannot be written here.", where=str(out), next_step="Name another with --out."
        ) from fault
    typer.echo(f"Written: {out}")
