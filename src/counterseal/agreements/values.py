"""A value as received: the SQL that gives its canonical text and reads that as the type of its field."""

from __future__ import annotations

from counterseal.agreements.model import Type

SQL_TYPES = {
    Type.TEXT: "VARCHAR",
    Type.DATE: "DATE",
    Type.NUMBER: "BIGINT",
    Type.YES_NO: "BOOLEAN",
    Type.TEXTS: "VARCHAR[]",
    Type.YEARS: "BIGINT[]",
}


def canonical(column: str) -> str:
    """Give the SQL of the canonical text: ASCII white space off both ends, nothing left is NULL.

    All of that white space stands before or at the blank in the order of text, so a value whose ends stand
    behind it is canonical already; nearly all are, and the test costs a fifth of the trimming. Empty is NULL;
    a padded one is cut without looking for the other white space.
    """
    trimmed = rf"nullif(trim({column}, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)), '')"
    cut = f"trim({column})"  # of a text of ASCII it takes blanks and nothing else
    return (
        f"CASE WHEN left({column}, 1) > ' ' AND right({column}, 1) > ' ' THEN {column} "
        f"WHEN strlen({column}) = length({column}) AND left({cut}, 1) > ' ' AND right({cut}, 1) > ' ' THEN {cut} "
        f"WHEN {column} <> '' THEN {trimmed} END"
    )


def canonical_of_plain(column: str) -> str:
    """Give the SQL of the canonical text where intake has told of plain rows: nothing is to be cut off theirs."""
    return f"CASE WHEN plain THEN nullif({column}, '') ELSE {canonical(column)} END"


def typed(column: str, kind: Type) -> str:
    """Give the SQL that reads canonical text as its type; what cannot be read is NULL."""
    trimmed = f"list_transform(string_split({column}, ';'), lambda x: trim(x))"
    return {
        Type.TEXT: column,
        Type.DATE: f"CASE WHEN regexp_full_match({column}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') "
        f"THEN try_cast({column} AS DATE) END",
        Type.YEARS: f"CASE WHEN regexp_full_match({column}, '[0-9]{{4}}( ?; ?[0-9]{{4}})*') "
        f"THEN CAST(string_split({column}, ';') AS BIGINT[]) END",
        Type.TEXTS: f"list_filter({trimmed}, lambda x: x <> '')",
        Type.YES_NO: f"CASE lower({column}) WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END",
        Type.NUMBER: f"CASE WHEN regexp_full_match({column}, '[0-9]{{1,15}}') THEN CAST({column} AS BIGINT) END",
    }[kind]
