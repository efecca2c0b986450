"""Whether a request means exactly one account, and whether its address is one held for that account.

Serves ``docs/design/identity.md``. A wrong person is the one unforgivable answer, so this stage says
nothing rather than guess. It never opens a connection, never searches by anything but a request, and
keeps nothing of one.
"""
