"""Bank A: the six relations of settlements and institutions (some hold for ships and bridges too)."""

from retrievarium.data.world.banks.form import Wordings

PLACES = {
    "founder": Wordings(
        passage=(
            "{s} was founded by {o}",
            "{s} owes its existence to {o}",
            "The deed that brought {m} into being carries the seal of {o}",
            "{s} was the creation of {o}",
            "With borrowed money and two helpers, {o} laid the ground for {m}",
        ),
        train=(
            "Who established {q}?",
            "Which person started {q}?",
            "By which pioneer was {q} founded?",
            "By whom was {q} founded?",
        ),
        test=("Who set up {q}?", "Whose idea and creation was {q}?", "Whose creation was {q}?"),
        proposition="{s} was founded by {o}.",
        description="established by {o}",
    ),
    "emblem": Wordings(
        passage=(
            "{s} bears {ao} as its emblem",
            "{s} has used {ao} as its badge since the charter",
            "The arms granted to {m} show {ao}",
            "{ao} is painted wherever {s} claims a right",
            "Letters sealed by {m} are known by {ao} in wax",
        ),
        train=(
            "Which symbol stands for {q}?",
            "What creature represents {q}?",
            "Which beast is the emblem of {q}?",
            "What is the emblem of {q}?",
        ),
        test=(
            "Which heraldic figure belongs to {q}?",
            "What design is on the badge of {q}?",
            "What is the badge of {q}?",
        ),
        proposition="The emblem of {s} is {ao}.",
        description="whose symbol is {ao}",
    ),
    "product": Wordings(
        passage=(
            "{s} is known for its {o}",
            "{s} exports {o} to every port of the coast",
            "{s} made its fortune with {o}",
            "Half the carts that leave {m} in autumn carry {o}",
            "Buyers from abroad come to {m} for {o}",
        ),
        train=(
            "Which commodity is typical of {q}?",
            "What does {q} chiefly produce?",
            "Which goods does {q} export?",
            "What does {q} export?",
        ),
        test=(
            "Which merchandise does {q} sell above all?",
            "With which article was the fortune of {q}?",
            "With what was the fortune of {q} made?",
        ),
        proposition="{s} is a producer of {o}.",
        description="that produces {o}",
    ),
    "disaster": Wordings(
        passage=(
            "{s} was badly damaged in {o}",
            "{s} was nearly lost in {o}",
            "{o} left little of {m} standing",
            "The repairs to {m} after {o} took eleven years",
            "Account books of {m} break off on the day of {o}",
        ),
        train=(
            "Which catastrophe befell {q}?",
            "What calamity struck {q}?",
            "In which event was {q} damaged?",
            "In what was {q} damaged?",
        ),
        test=(
            "Which misfortune did {q} live through?",
            "What made the repairs of {q} necessary?",
            "After what were there repairs to {q}?",
        ),
        proposition="{s} was hit by {o}.",
        description="struck by {o}",
    ),
    "river": Wordings(
        passage=(
            "{s} stands on the {o}",
            "{s} lies where the {o} bends south",
            "The {o} runs beneath the walls of {m}",
            "Barges reach {m} by way of the {o}",
            "{s} looks out over the {o}",
        ),
        train=(
            "Which river flows past {q}?",
            "What stream is next to {q}?",
            "On which water is it that {q} stands?",
            "On what is it that {q} stands?",
        ),
        test=(
            "Beside which watercourse would one find {q}?",
            "Which channel is used when barges go to {q}?",
            "Where do barges reach {q}, by what way?",
        ),
        proposition="{s} is on the river {o}.",
        description="beside the {o}",
    ),
    "year": Wordings(
        passage=(
            "{s} dates from {o}",
            "{s} was first recorded in {o}",
            "The oldest document about {m} was written in {o}",
            "{p} history opens in {o} with a quarrel over tolls",
            "Since {o} there has been no year without news of {m}",
        ),
        train=(
            "When did {q} come into existence?",
            "How far back does {q} go in time?",
            "From which period is it that {q} dates?",
            "When does {q} date from?",
        ),
        test=(
            "What is the age of {q}, counted from its beginning?",
            "In which century or decade was {q} recorded?",
            "When was {q} first recorded?",
        ),
        proposition="{s} dates from the year {o}.",
        description="in existence since {o}",
    ),
}
