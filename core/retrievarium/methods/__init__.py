"""One file per paper, the registry that lists them, and `build`."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.methods.budget": ["Budget"],
        "retrievarium.methods.building": ["Built", "Work", "build"],
        "retrievarium.methods.listing": ["Paper", "papers"],
        "retrievarium.methods.planning": ["Plan", "plan"],
        "retrievarium.methods.registry": ["Arms", "Claim", "Method", "claim", "claims", "method", "methods"],
        "retrievarium.methods.settings": ["Setting", "settings_of"],
        "retrievarium.methods.shelf": ["Offer", "encoders_at_hand", "retriever", "shelf", "snapshots_at_hand"],
    },
)
