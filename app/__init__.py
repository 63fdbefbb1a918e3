"""Retrievarium's dashboard. It is started by `retrievarium app`, which runs `main.py` from this folder."""
