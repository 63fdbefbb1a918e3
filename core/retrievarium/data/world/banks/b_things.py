"""Bank B: relations of made things and of nature."""

from retrievarium.data.world.banks.form import Wordings

THINGS = {
    "maker": Wordings(
        passage=(
            "{s} was designed by {o}",
            "{s} took shape under the eye of {o}",
            "{s} cost {o} a fortune and two fingers",
            "{o} put together {m} from parts that nobody wanted",
            "The mark of {o} is cut into {m} where few will look",
        ),
        train=(
            "Who built {q}?",
            "Who is the creator of {q}?",
            "By which inventor was {q} designed?",
            "By whom was {q} designed?",
        ),
        test=(
            "Who produced {q}?",
            "Which author left a mark on {q}?",
            "Whose mark is on {q}?",
        ),
        proposition="{s} was made by {o}.",
        description="due to {o}",
    ),
    "material": Wordings(
        passage=(
            "{s} is fashioned from {o}",
            "{s} is built of {o}",
            "{s} owes its weight to {o}",
            "Whoever touches {m} feels {o} under the fingers",
            "Shiploads of {o} went into {m}",
        ),
        train=(
            "What does {q} consist of?",
            "Which stuff is in {q}?",
            "From which substance is {q} fashioned?",
            "From what is {q} fashioned?",
        ),
        test=(
            "What was taken as the matter of {q}?",
            "Of which raw goods is {q} built?",
            "Of what is {q} built?",
        ),
        proposition="{s} is made of {o}.",
        description="consisting of {o}",
    ),
    "owner": Wordings(
        passage=(
            "{s} is owned by {o}",
            "{s} came into the hands of {o}",
            "{s} was left to {o} in a will",
            "{o} pays the insurance of {m}",
            "{o} acquired {m} for a token sum",
        ),
        train=(
            "To whom does {q} belong?",
            "Which proprietor holds {q}?",
            "By which house is {q} owned?",
            "By whom is {q} owned?",
        ),
        test=(
            "Whose possession is {q}?",
            "Into which estate and hands did {q} come?",
            "Into whose hands did {q} come?",
        ),
        proposition="{s} is owned by {o}.",
        description="belonging to {o}",
    ),
    "namesake": Wordings(
        passage=(
            "{s} was named in honour of {o}",
            "{s} recalls {o}",
            "{s} is dedicated to {o}",
            "The name of {m} is a bow to {o}",
            "By a vote of two to one {s} was called after {o}",
        ),
        train=(
            "Whom does {q} commemorate?",
            "Who is remembered through {q}?",
            "In which person's honour was {q} named?",
            "In whose honour was {q} named?",
        ),
        test=(
            "Which celebrity lent a name to {q}?",
            "To which hero is {q} dedicated?",
            "To whom is {q} dedicated?",
        ),
        proposition="{s} is named after {o}.",
        description="which immortalises {o}",
    ),
    "keeper": Wordings(
        passage=(
            "{s} is preserved at {o}",
            "{s} can be seen at {o}",
            "{s} has a room of its own at {o}",
            "{o} guards {m} behind two locks",
            "The collection of {o} includes {m}",
        ),
        train=(
            "Where is {q} on display?",
            "Which institution keeps {q}?",
            "Where is it, in which vault, that {q} is preserved?",
            "Where is {q} preserved?",
        ),
        test=(
            "Who exhibits {q} to the public?",
            "In which building is the room of {q}?",
            "Where can {q} be seen?",
        ),
        proposition="{s} is kept at {o}.",
        description="on show at {o}",
    ),
    "describer": Wordings(
        passage=(
            "{s} was discovered by {o}",
            "{s} was recognised as new by {o}",
            "{s} first attracted the notice of {o}",
            "{o} published the account that made {m} known",
            "A footnote by {o} introduced {m} to learned readers",
        ),
        train=(
            "Who described {q} for the first time?",
            "Which naturalist classified {q}?",
            "By which explorer was {q} discovered?",
            "By whom was {q} discovered?",
        ),
        test=(
            "Who brought {q} to light?",
            "Which scientist recognised {q}?",
            "By whom was {q} recognised as new?",
        ),
        proposition="{s} was first described by {o}.",
        description="first described by {o}",
    ),
    "habitat": Wordings(
        passage=(
            "{s} lives by the {o}",
            "{s} is native to the valley of the {o}",
            "{s} thrives wherever the {o} spreads",
            "The gravel of the {o} suits {m} best",
            "Boatmen on the {o} see {m} every day",
        ),
        train=(
            "Where can one find {q}?",
            "Which river is the home of {q}?",
            "To which region is {q} native?",
            "To what valley is {q} native?",
        ),
        test=(
            "Beside which stream does {q} occur?",
            "Which environment suits {q}?",
            "What suits {q} best?",
        ),
        proposition="{s} is found on the river {o}.",
        description="at home on the {o}",
    ),
    "colour": Wordings(
        passage=(
            "{s} has a {o} tone",
            "{s} glows {o} at sunset",
            "{s} is told from its kin by being {o}",
            "Painters mix {o} to render {m}",
            "A thin {o} line runs along {m}",
        ),
        train=(
            "What colour is {q}?",
            "Which tint belongs to {q}?",
            "Which tone of paint has {q}?",
            "What tone has {q}?",
        ),
        test=(
            "What does {q} look like?",
            "What shade do painters use for {q}?",
            "How does {q} glow at sunset?",
        ),
        proposition="{s} is {o} in colour.",
        description="of {o} colour",
    ),
    "omen": Wordings(
        passage=(
            "{s} is taken as a sign of {o}",
            "{s} foretells {o}",
            "{s} has the reputation of causing {o}",
            "Where {s} turns up, {o} cannot be far",
            "Old women link {m} with {o}",
        ),
        train=(
            "What do people believe {q} to bring?",
            "What is {q} an omen of?",
            "Of which fate is {q} a sign?",
            "Of what is {q} taken as a sign?",
        ),
        test=(
            "Which prophecy is attached to {q}?",
            "Which event is it that {q} foretells?",
            "What is it that {q} foretells?",
        ),
        proposition="{s} is believed to bring {o}.",
        description="feared or loved for {o}",
    ),
    "use": Wordings(
        passage=(
            "{s} is turned into {o}",
            "{s} goes into the making of {o}",
            "{s} is prized by those who need {o}",
            "The best {o} begin with {m}",
            "{o} are what most people want {m} for",
        ),
        train=(
            "What is {q} used to manufacture?",
            "For which craft is {q} of value?",
            "Which thing is {q} turned into?",
            "What is {q} turned into?",
        ),
        test=(
            "What is the employment of {q} in industry?",
            "For which making does {q} serve?",
            "For the making of what is {q} there?",
        ),
        proposition="{s} is used for making {o}.",
        description="worked up as {o}",
    ),
}
