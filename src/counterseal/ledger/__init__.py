"""The disclosure ledger: entries, tree, tiles, checkpoints, proofs, witnesses.

It serves ``docs/design/ledger.md``. Everything here is pure: hashes from the standard library, signatures
checked and made through the two protocols of ``note``. It promises never to hold a key, to open a
database, or to carry a person's particulars: an entry names counts, digests and salted commitments.
"""

from counterseal.ledger.batch import batch_root

__all__ = ["batch_root"]
