"""The World: a synthetic encyclopedia in which every fact is known."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.data.world.world": ["World", "stream"],
        "retrievarium.data.world.dials": ["OFF_SWITCHES", "PRESETS", "Dials", "describe"],
        "retrievarium.data.world.calibration": ["DIALS_HASH", "calibrate", "dials_hash"],
        "retrievarium.data.world.probes": ["probe"],
        "retrievarium.data.world.report": ["figures", "report"],
        "retrievarium.data.world.relations": ["DESCRIBED", "HELD_OUT", "KINDS", "RELATIONS"],
    },
)
