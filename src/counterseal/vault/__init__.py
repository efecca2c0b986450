"""Keys, signatures, sealed openings, durable files. The only importer of ``cryptography``.

It promises never to hand out a private key's bytes, never to write one anywhere but into its own file,
and never to leave a file half written.
"""
