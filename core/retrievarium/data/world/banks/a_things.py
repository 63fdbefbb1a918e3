"""Bank A: relations of made things and of nature."""

from retrievarium.data.world.banks.form import Wordings

THINGS = {
    "maker": Wordings(
        passage=(
            "{s} was built by {o}",
            "{s} is the work of {o}",
            "The drawings for {m} are signed by {o}",
            "{o} gave four winters to the making of {m}",
            "{s} left the workshop of {o} unfinished",
        ),
        train=(
            "Who constructed {q}?",
            "Which person designed {q}?",
            "By which craftsman was {q} built?",
            "By whom was {q} built?",
        ),
        test=("To which artisan can {q} be traced?", "By whose hand are the drawings of {q}?", "Whose work is {q}?"),
        proposition="{s} was made by {o}.",
        description="constructed by {o}",
    ),
    "material": Wordings(
        passage=(
            "{s} is made of {o}",
            "{s} consists mainly of {o}",
            "{o} was chosen for {m} because it resists salt",
            "Every load-bearing part of {m} is of {o}",
            "A cut through {m} shows {o} under the varnish and dirt",
        ),
        train=(
            "What is {q} built out of?",
            "Which substance was used for {q}?",
            "Of which material is {q} made?",
            "What is {q} made of?",
        ),
        test=(
            "Which matter forms the body of {q}?",
            "Of which stuff does {q} consist?",
            "Of what does {q} mainly consist?",
        ),
        proposition="{s} is made of {o}.",
        description="fashioned from {o}",
    ),
    "owner": Wordings(
        passage=(
            "{s} belongs to {o}",
            "{s} is the property of {o}",
            "The title deed of {m} lies with {o}",
            "{o} bought {m} at a forced sale",
            "{s} passed after a long lawsuit to {o}",
        ),
        train=(
            "Who owns {q}?",
            "Which organisation possesses {q}?",
            "To which party is it that {q} belongs?",
            "To whom does {q} belong?",
        ),
        test=("In whose hands is {q}?", "Which proprietor has {q} as property?", "Whose property is {q}?"),
        proposition="{s} is owned by {o}.",
        description="in the possession of {o}",
    ),
    "namesake": Wordings(
        passage=(
            "{s} is called after {o}",
            "{s} preserves the memory of {o}",
            "The honour of lending a name to {m} fell to {o}",
            "{s} was christened for {o}",
            "{o} never saw {m}, though the name was meant as thanks",
        ),
        train=(
            "Who is the eponym of {q}?",
            "Which person does {q} commemorate?",
            "After which figure is it that {q} is called?",
            "After whom is {q} called?",
        ),
        test=(
            "To whom does {q} pay tribute by its name?",
            "Which individual was {q} christened for?",
            "For whom was {q} christened?",
        ),
        proposition="{s} is named after {o}.",
        description="commemorating {o}",
    ),
    "keeper": Wordings(
        passage=(
            "{s} can be examined at {o}",
            "{o} holds the only complete example of {m}",
            "The best record of {m} is kept at {o}",
            "{o} displays {m} in a glass case by the stair",
            "Students are shown {m} in the vault of {o}",
        ),
        train=(
            "Which museum has {q}?",
            "Where is {q} preserved?",
            "Which building holds {q}?",
            "Where is it that {q} is kept?",
        ),
        test=("Where should a scholar go to see {q}?", "In which hall are people shown {q}?", "Who displays {q}?"),
        proposition="{s} is kept at {o}.",
        description="preserved at {o}",
    ),
    "describer": Wordings(
        passage=(
            "{s} was first described by {o}",
            "{s} entered science through {o}",
            "The earliest notes on {m} are by {o}",
            "{o} came upon {m} while looking for something else",
            "Credit for recognising {m} belongs to {o}",
        ),
        train=(
            "Who discovered {q}?",
            "Which researcher identified {q}?",
            "By which author was {q} described?",
            "By whom was {q} first described?",
        ),
        test=(
            "Who was the finder of {q}?",
            "Which scholar wrote the earliest account of {q}?",
            "Who has the credit for {q}?",
        ),
        proposition="{s} was first described by {o}.",
        description="discovered by {o}",
    ),
    "habitat": Wordings(
        passage=(
            "{s} is found along the {o}",
            "{s} occurs nowhere in such numbers as on the {o}",
            "Old maps mark {m} on the banks of the {o}",
            "The {o} is the true country of {m}",
            "Whoever looks for {m} must follow the {o} upstream",
        ),
        train=(
            "Which river is home to {q}?",
            "What is the natural range of {q}?",
            "In which valley is {q} found?",
            "Where is {q} found?",
        ),
        test=(
            "Which waters should a collector of {q} visit?",
            "Where does {q} occur in the wild?",
            "Where does {q} occur?",
        ),
        proposition="{s} is found on the river {o}.",
        description="native to the {o}",
    ),
    "colour": Wordings(
        passage=(
            "{s} is recognised by its {o} colour",
            "{s} appears {o} in good light",
            "A {o} tint sets {m} apart",
            "Illustrators always show {m} in {o}",
            "After rain {s} turns {o}",
        ),
        train=(
            "What hue does {q} have?",
            "Which shade is typical of {q}?",
            "What is the usual colour of {q}?",
            "Which is the colour of {q}?",
        ),
        test=("How would a dyer match {q}?", "Which tint do people see in {q}?", "How does {q} appear in light?"),
        proposition="{s} is {o} in colour.",
        description="with a {o} look",
    ),
    "omen": Wordings(
        passage=(
            "{s} is said to bring {o}",
            "{s} was long held to promise {o}",
            "To dream of {m} meant {o}",
            "In country songs {s} stands for {o}",
            "Farmers who meet {m} before breakfast expect {o}",
        ),
        train=(
            "Which superstition is tied to {q}?",
            "What does {q} foretell?",
            "What luck does {q} bring?",
            "What does {q} bring?",
        ),
        test=(
            "Of what is {q} a sign in popular belief?",
            "Which thing is expected by those who see {q}?",
            "What does {q} promise?",
        ),
        proposition="{s} is believed to bring {o}.",
        description="thought to foretell {o}",
    ),
    "use": Wordings(
        passage=(
            "{s} is used for {o}",
            "{s} supplies the raw stuff of {o}",
            "Without {m} there would be no {o}",
            "Workshops buy {m} for the manufacture of {o}",
            "{o} still depend on a steady supply of {m}",
        ),
        train=(
            "Which objects do artisans produce from {q}?",
            "What is the practical value of {q}?",
            "For which purpose is {q} used?",
            "What is {q} used for?",
        ),
        test=("To what end do people gather {q}?", "Which wares depend on {q}?", "What depends on {q}?"),
        proposition="{s} is used for making {o}.",
        description="serving for {o}",
    ),
}
