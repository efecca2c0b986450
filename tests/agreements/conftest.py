"""A small agreement to try the language on, and the engine that runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from counterseal.agreements import Agreement, load_agreement
from counterseal.engine.duck import DuckEngine
from counterseal.engine.reference import REFERENCE_TABLES, bring

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path.parent for path in (ROOT / "agreements").glob("*/agreement.md"))

DOCUMENT = """+++
id = "small"
title = "A small agreement"
version = "1.0.0"
in_force = 2025-01-01
status = "draft"
authority = "26 U.S.C. 6103(i)(2)"
accounting = "26 U.S.C. 6103(p)(3)(A)"
custodian = "Custodian"
requester = "agency"
requester_names = ["agency"]
requester_title = "Agency"
+++

Small.

# Fields

| field | type | may be empty | meaning |
|---|---|---|---|
| request_ref | text | no | the reference |
| name | text | no | the name |
| other | text | yes | another text |
| opened | date | no | a day |
| closed | date | yes | another day |
| amount | number | no | a number |
| share | number | yes | another number |
| sure | yes/no | no | whether it is sure |
| late | yes/no | yes | whether it is late |
| people | text list | no | people |
| years | year list | no | years |

# Request

| fact | type | from | meaning | example |
|---|---|---|---|---|
| signed_on | date | manifest | the day of signature | 2026-11-02 |

# Parameters

| parameter | type | value | settled by | why this side |
|---|---|---|---|---|
| least_days | number | 90 | to be settled by counsel | more is stricter |
| most_shared | number | 2 | to be settled by counsel | fewer is stricter |

# Schedules

## kinds

| kind | source |
|---|---|
| A | the law |
| BB | the law |

# Measures

## name_words

The name in capitals.

Kind: row. Type: text. Unknown when: the name is empty.

```sql
trim(upper(name))
```

## days_open

Kind: row. Type: number. Range: 0 to 9999. Unknown when: the day is empty.

```sql
signed_on - opened
```

## rows_with_name

Kind: shared_by. Type: number. Range: 1 to 9999.

```sql
name_words
```

## busiest

Kind: max_load. Type: number. Range: 1 to 9999.

```sql
people
```

## earlier

Kind: earlier_same. Type: number. Range: 0 to 9999.

```sql
request_ref
```

# Rules

## R-01 The name is stated

Cites: 26 U.S.C. 6103(i)(2). Phase: facial. Answer: refuse, cure offered. Unknown: cure.

It has two letters at least.

```sql
length(name_words) >= 2 AND NOT regexp_full_match(name, 'X+')
```

Says: "{name}" is no name.

| name | outcome |
|---|---|
| MARIA | holds |
| XX | fails |
| M | fails |
| (empty) | unknown |

## R-02 More than the days have passed

Cites: 26 U.S.C. 6103(i)(2). Phase: facial. Answer: cure.

```sql
days_open > least_days
```

Says: Fewer than {least_days} days.

| opened | outcome |
|---|---|
| 2026-08-03 | holds |
| 2026-08-04 | fails |
| (empty) | unknown |

## R-03 A few may share

Cites: 26 U.S.C. 6103(i)(2). Phase: facial. Answer: judge.

```sql
rows_with_name <= most_shared AND busiest <= 3 AND earlier = 0
```

Says: {rows_with_name} share it.

| rows_with_name | busiest | earlier | outcome |
|---|---|---|---|
| 2 | 1 | 0 | holds |
| 3 | 1 | 0 | fails |
| (empty) | 1 | 0 | unknown |

## R-04 It is sure, of a kind, and of some year

Cites: 26 U.S.C. 6103(i)(2). Phase: facial. Answer: cure.

```sql
sure AND (other IS NULL OR other IN kinds) AND list_contains(years, 2024) AND amount + coalesce(share, 0) < 100 AND (closed IS NULL OR closed >= opened) AND late IS NOT TRUE
```

Says: Not sure.

| sure | other | years | amount | share | outcome |
|---|---|---|---|---|---|
| yes | A | 2024 | 99 | (empty) | holds |
| yes | C | 2024 | 99 | (empty) | fails |
| yes | A | 2024 | 99 | 1 | fails |
| no | A | 2024 | 99 | (empty) | fails |
| (empty) | A | 2024 | 99 | (empty) | unknown |

# Promises

## Ninety days means more than ninety

```sql
days_open >= 91
```

# Duties

| duty | what | cites | who | clock | starts |
|---|---|---|---|---|---|
| D-01 | a record | 26 U.S.C. 6103(p)(3)(A) | custodian | permanent | receipt |
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Agreement]:
    """Read a document from its text."""

    def of(text: str = DOCUMENT, name: str = "one") -> Agreement:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "agreement.md").write_text(text, encoding="utf-8")
        return load_agreement(folder)

    return of


@pytest.fixture(scope="session")
def engine() -> Iterator[DuckEngine]:
    with DuckEngine(memory_limit="500MB", threads=1) as held:
        bring(held, REFERENCE_TABLES)
        yield held
