"""The command line: ``daogou demo | import | train | evaluate | serve | search | ...``.

What a command takes and what its help says is in :mod:`daogou.cli.commands`; what it does is
in a module of its own, which is imported when the command runs: ``daogou --help`` is quick,
and serving needs no torch.
"""

from daogou.cli import talk as talk  # adds its commands
from daogou.cli.commands import app, main

__all__ = ["app", "main"]
