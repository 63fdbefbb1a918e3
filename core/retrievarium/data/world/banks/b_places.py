"""Bank B: the six relations of settlements and institutions."""

from retrievarium.data.world.banks.form import Wordings

PLACES = {
    "founder": Wordings(
        passage=(
            "{s} was established by {o}",
            "{s} goes back to {o}",
            "{s} was called to life by {o}",
            "The first stone of {m} was laid by {o}",
            "It was {o} who gave {m} a charter and a roof",
        ),
        train=(
            "Who founded {q}?",
            "Who is regarded as the father or mother of {q}?",
            "By which visionary was {q} established?",
            "By whom was {q} established?",
        ),
        test=(
            "Which individual originated {q}?",
            "To which ancestor does {q} owe a charter?",
            "To whom was the charter of {q} given?",
        ),
        proposition="{s} was founded by {o}.",
        description="begun by {o}",
    ),
    "emblem": Wordings(
        passage=(
            "{s} has {ao} for a symbol",
            "{s} shows {ao} on its flag",
            "{s} chose {ao} as its device after long debate",
            "Over the entrance to {m} hangs {ao} in beaten tin",
            "Every document issued by {m} is stamped with {ao}",
        ),
        train=(
            "What is pictured on the arms of {q}?",
            "Which animal identifies {q}?",
            "Which beast is the symbol of {q}?",
            "What is the symbol of {q}?",
        ),
        test=(
            "By which badge can {q} be told?",
            "What creature is on the flag of {q}?",
            "What is on the flag of {q}?",
        ),
        proposition="The emblem of {s} is {ao}.",
        description="whose arms bear {ao}",
    ),
    "product": Wordings(
        passage=(
            "{s} produces {o}",
            "{s} lives by the sale of {o}",
            "{s} sends {o} as far as the southern markets",
            "{o} made in {m} fetch a high price",
            "The warehouses of {m} are filled to the rafters with {o}",
        ),
        train=(
            "What is {q} famous for making?",
            "Which wares come out of {q}?",
            "Which item does {q} produce?",
            "What does {q} produce?",
        ),
        test=(
            "Which speciality is offered by {q}?",
            "Which trade good is for sale in {q}?",
            "What is for sale in {q}?",
        ),
        proposition="{s} is a producer of {o}.",
        description="noted for {o}",
    ),
    "disaster": Wordings(
        passage=(
            "{s} was devastated by {o}",
            "{s} never fully recovered from {o}",
            "{s} lost its records in {o}",
            "{o} swept over {m} within minutes",
            "Survivors of {o} told how {m} shook",
        ),
        train=(
            "What harm came to {q}?",
            "Which emergency hit {q}?",
            "By which blow was {q} devastated?",
            "By what was {q} devastated?",
        ),
        test=(
            "Which accident ruined {q}?",
            "From which shock has {q} hardly recovered?",
            "From what has {q} never fully recovered?",
        ),
        proposition="{s} was hit by {o}.",
        description="ruined by {o}",
    ),
    "river": Wordings(
        passage=(
            "{s} lies on the {o}",
            "{s} draws its water from the {o}",
            "{s} is lulled by the noise of the {o}",
            "The {o} passes {m} on its way to the sea",
            "Fog from the {o} fills {m} at dawn",
        ),
        train=(
            "What is the river of {q}?",
            "Which stream borders {q}?",
            "On which bank is it that {q} lies?",
            "On what is it that {q} lies?",
        ),
        test=(
            "Next to which current is {q} situated?",
            "From which channel does {q} have its water?",
            "From what does {q} draw its water?",
        ),
        proposition="{s} is on the river {o}.",
        description="washed by the {o}",
    ),
    "year": Wordings(
        passage=(
            "{s} has existed since {o}",
            "{s} began in {o}",
            "{s} appears for the first time in a bill of {o}",
            "A plaque gives {o} as the start of {m}",
            "In {o} nobody guessed how long {s} would last",
        ),
        train=(
            "How old is {q}?",
            "From which date is {q}?",
            "In which year was the start of {q}?",
            "Since when has {q} existed?",
        ),
        test=(
            "To what time does {q} go back?",
            "In which era was it that {q} began?",
            "When was it that {q} began?",
        ),
        proposition="{s} dates from the year {o}.",
        description="known since {o}",
    ),
}
