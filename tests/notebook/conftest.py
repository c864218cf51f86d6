"""Executed only where it is asked for: a kernel and half a minute."""

import os

collect_ignore_glob = [] if os.environ.get("RESPROUT_NOTEBOOK", "") not in ("", "0") else ["test_*.py"]
