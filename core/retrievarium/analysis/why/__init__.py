"""Why a passage got its score, for any retriever; and what happens to all ranks when a text is edited."""

from retrievarium._lazy import lazy

__getattr__, __dir__, __all__ = lazy(
    __name__,
    {
        "retrievarium.analysis.why.parts": ["Attribution", "Part", "Weighed", "against", "units", "words"],
        "retrievarium.analysis.why.attribute": ["attribute", "explainer", "explainers", "of_list"],
        "retrievarium.analysis.why.vectors": ["passage_words"],
        "retrievarium.analysis.why.editing": ["Edit", "edited", "edited_collection"],
        "retrievarium.analysis.why.rewording": ["Preset", "presets"],
        "retrievarium.analysis.why.gradients": ["Gradients", "integrated_gradients"],
    },
)
