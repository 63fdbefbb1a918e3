"""Bank A: the eight relations of people."""

from retrievarium.data.world.banks.form import Wordings

PEOPLE = {
    "birthplace": Wordings(
        passage=(
            "{s} was born in {o}",
            "{s} was a native of {o}",
            "{s} came from an old family of {o}",
            "{p} baptism stands in the register of {o}",
            "{p} cradle stood in a rented house in {o}",
        ),
        train=(
            "From which town does {q} hail?",
            "What place did {q} originate from?",
            "In which town was {q} born?",
            "Where was {q} born?",
        ),
        test=(
            "In which place did the life of {q} begin?",
            "Of which settlement was {q} a native?",
            "Where was {q} a native of?",
        ),
        proposition="{s} was born in {o}.",
        description="born in {o}",
    ),
    "teacher": Wordings(
        passage=(
            "{s} studied under {o}",
            "{s} learned the craft at the side of {o}",
            "{s} was for six years a pupil of {o}",
            "{p} first lessons were paid for with household work and came from {o}",
            "The method that marks {p} early years goes back to {o}",
        ),
        train=(
            "Who taught {q}?",
            "Which mentor shaped {q}?",
            "Under which master was {q} trained and studied?",
            "Whose pupil was {q}?",
        ),
        test=("Who instructed {q}?", "Which expert had {q} as a pupil?", "Under whom was it that {q} studied?"),
        proposition="{s} was taught by {o}.",
        description="taught by {o}",
    ),
    "spouse": Wordings(
        passage=(
            "{s} married {o}",
            "{s} shared a home with {o}, to whom the vows were made in spring",
            "{p} marriage to {o} was a quiet one",
            "{s} took {o} as a partner for life",
            "A contract of betrothal joins {p} signature to that of {o}",
        ),
        train=(
            "Who was the spouse of {q}?",
            "Who stood beside {q} at the wedding?",
            "Which person married {q} in church?",
            "Who married {q}?",
        ),
        test=(
            "Which wife or husband did {q} have?",
            "Who became the lawful partner of {q}?",
            "To whom was the marriage of {q}?",
        ),
        proposition="{s} was the spouse of {o}.",
        description="wedded to {o}",
    ),
    "trade": Wordings(
        passage=(
            "{s} had begun as {ao}",
            "{s} first earned a wage as {ao}",
            "Before turning to greater things, {s} worked as {ao}",
            "{p} papers of apprenticeship are those of {ao}",
            "Hard years as {ao} lay behind {m}",
        ),
        train=(
            "What was the original occupation of {q}?",
            "Which line of business did {q} enter at the start?",
            "What job was it where {q} worked?",
            "As what had {q} begun?",
        ),
        test=(
            "Which profession came earliest for {q}?",
            "In which calling did {q} first serve?",
            "As what had {q} first earned a wage?",
        ),
        proposition="{s} first worked as {ao}.",
        description="once employed as {ao}",
    ),
    "employer": Wordings(
        passage=(
            "{s} was employed by {o}",
            "{s} spent the best years in the service of {o}",
            "{s} drew a salary from {o}",
            "The pay books of {o} list {m} without a gap",
            "{o} kept {m} on its staff for two decades",
        ),
        train=(
            "Which institution hired {q}?",
            "For whom did {q} work?",
            "By which body was {q} employed?",
            "By whom was {q} employed?",
        ),
        test=("Where did {q} have a job?", "Which house paid {q} a salary?", "In whose service was {q}?"),
        proposition="{s} was employed by {o}.",
        description="on the payroll of {o}",
    ),
    "home": Wordings(
        passage=(
            "{s} retired to {o}",
            "{s} settled late in {o}",
            "In old age {s} bought a small house in {o}",
            "{p} final address was a lane behind the market of {o}",
            "The evening of {p} life was passed in {o}",
        ),
        train=(
            "Which place was chosen by {q} as a residence?",
            "Where did {q} end up living?",
            "To which spot was {q} retired?",
            "Where was it that {q} retired to?",
        ),
        test=(
            "What locality did {q} move to when the work was done?",
            "In which community was {q} settled?",
            "Where had {q} settled?",
        ),
        proposition="{s} lived in {o} in later life.",
        description="who ended up living in {o}",
    ),
    "prize": Wordings(
        passage=(
            "{s} received {o}",
            "{s} was honoured with {o}",
            "The jury of {o} chose {m} without debate",
            "{o} went to {m} in the year of the great exhibition",
            "{p} desk held a single trophy, {o}",
        ),
        train=(
            "Which award did {q} win?",
            "What distinction was bestowed on {q}?",
            "Which decoration is it that {q} received?",
            "What had {q} received?",
        ),
        test=(
            "Which accolade was conferred upon {q}?",
            "With which title was {q} honoured?",
            "With what was {q} honoured?",
        ),
        proposition="{s} was awarded {o}.",
        description="decorated with {o}",
    ),
    "illness": Wordings(
        passage=(
            "{s} suffered from {o}",
            "{s} was troubled for years by {o}",
            "Doctors treated {m} for {o}",
            "{p} handwriting fails in the months when {o} was at its worst",
            "From middle age on {o} kept {m} indoors every winter",
        ),
        train=(
            "Which disease afflicted {q}?",
            "What was the ailment of {q}?",
            "From what complaint is it that {q} suffered?",
            "From what was it that {q} suffered?",
        ),
        test=("What illness did {q} have?", "Which malady troubled {q}?", "By what was {q} troubled?"),
        proposition="{s} had {o}.",
        description="ill with {o}",
    ),
}
