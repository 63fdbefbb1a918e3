"""Bank B: the eight relations of people."""

from retrievarium.data.world.banks.form import Wordings

PEOPLE = {
    "birthplace": Wordings(
        passage=(
            "{s} entered the world in {o}",
            "{s} spent the earliest years in {o}",
            "{s} grew from the soil of {o}",
            "{p} mother was staying in {o} when the child arrived",
            "The midwife of {o} noted {p} delivery in a single line",
        ),
        train=(
            "Where was the birthplace of {q}?",
            "Which town was {q} a native of?",
            "In which city were the years of {q} as a small child?",
            "Where were the earliest years of {q} spent?",
        ),
        test=(
            "Which locality does {q} descend from by birth?",
            "To which soil does {q} owe a beginning?",
            "Where was it that {q} entered the world?",
        ),
        proposition="{s} was born in {o}.",
        description="native to {o}",
    ),
    "teacher": Wordings(
        passage=(
            "{s} was trained by {o}",
            "{s} owed a sound schooling to {o}",
            "{s} stood for years at the elbow of {o}",
            "{o} corrected {p} early attempts with a thick pencil",
            "The hand of {o} can be felt in all that {s} later attempted",
        ),
        train=(
            "Who educated {q}?",
            "Who was the tutor of {q}?",
            "Which instructor trained {q}?",
            "By whom was {q} trained?",
        ),
        test=(
            "Whose disciple was {q}?",
            "In which professor's school was {q}?",
            "To whom was the schooling of {q} owed?",
        ),
        proposition="{s} was taught by {o}.",
        description="once a student of {o}",
    ),
    "spouse": Wordings(
        passage=(
            "{s} wed {o}",
            "{s} exchanged rings with {o}",
            "{s} became engaged to {o} and kept the promise",
            "At the altar {s} waited an hour for {o}",
            "{p} union with {o} was blessed in a chapel without a roof",
        ),
        train=(
            "Who was married to {q}?",
            "What is the name of the husband or wife of {q}?",
            "With which sweetheart was it that {q} exchanged vows?",
            "Whom did {q} wed?",
        ),
        test=(
            "Who was the consort of {q}?",
            "Whom did {q} meet at the altar for a marriage?",
            "With whom were rings exchanged by {q}?",
        ),
        proposition="{s} was the spouse of {o}.",
        description="joined in marriage to {o}",
    ),
    "trade": Wordings(
        passage=(
            "{s} started out as {ao}",
            "{s} was apprenticed as {ao}",
            "{s} knew the drudgery of {ao} from experience",
            "Until the age of thirty {s} made a living as {ao}",
            "The tax roll still lists {m} as {ao}",
        ),
        train=(
            "What did {q} work as in youth?",
            "Which employment came before fame for {q}?",
            "As which hand was {q} apprenticed?",
            "As what was {q} apprenticed?",
        ),
        test=(
            "By which occupation was {q} first supported?",
            "What did {q} do to get a living?",
            "As what was {q} started out?",
        ),
        proposition="{s} first worked as {ao}.",
        description="who used to work as {ao}",
    ),
    "employer": Wordings(
        passage=(
            "{s} was on the staff of {o}",
            "{s} held a post at {o}",
            "{s} worked for {o} through three changes of management",
            "{o} engaged {m} on trial and never let go",
            "A desk at {o} bore {p} name for half a lifetime",
        ),
        train=(
            "Which organisation employed {q}?",
            "Who gave {q} a position?",
            "On which team or staff was {q}?",
            "On whose staff was {q}?",
        ),
        test=(
            "From which institution did {q} draw pay?",
            "Which body engaged {q}?",
            "Where was it that {q} held a post?",
        ),
        proposition="{s} was employed by {o}.",
        description="in the employ of {o}",
    ),
    "home": Wordings(
        passage=(
            "{s} withdrew to {o}",
            "{s} spent the last years in {o}",
            "{s} found peace at last among the gardens of {o}",
            "A cottage in {o} became {p} refuge",
            "When the stairs grew too steep, {s} moved to {o}",
        ),
        train=(
            "Where did {q} take up residence at the end?",
            "Which town was home to {q} in old age?",
            "To what retreat was it that {q} withdrew?",
            "Where were the last years of {q} spent?",
        ),
        test=(
            "Which settlement saw {q} as a pensioner?",
            "Where was the refuge of {q} from business?",
            "Where was the cottage of {q}?",
        ),
        proposition="{s} lived in {o} in later life.",
        description="resident in {o} at the last",
    ),
    "prize": Wordings(
        passage=(
            "{s} won {o}",
            "{s} was awarded {o}",
            "{s} carried off {o} against strong rivals",
            "For one stroke of luck {s} had {o} to thank",
            "{o} was pinned to {p} coat before a cheering hall",
        ),
        train=(
            "Which honour was granted to {q}?",
            "What mark of esteem did {q} obtain?",
            "Which trophy was it that {q} won?",
            "What was won by {q}?",
        ),
        test=(
            "With which decoration was {q} distinguished?",
            "Which recognition was awarded to {q}?",
            "What was {q} awarded?",
        ),
        proposition="{s} was awarded {o}.",
        description="who holds {o}",
    ),
    "illness": Wordings(
        passage=(
            "{s} was plagued by {o}",
            "{s} never shook off {o}",
            "{s} lived with {o} from the age of forty",
            "An attack of {o} cost {m} a whole year",
            "{o} is the word that fills {p} sickbed notes",
        ),
        train=(
            "Which complaint did {q} suffer from?",
            "What was wrong with the health of {q}?",
            "By which malady was {q} plagued?",
            "By what was {q} plagued?",
        ),
        test=(
            "Which affliction weakened {q}?",
            "What disease cost {q} a great deal?",
            "What was it that {q} never shook off?",
        ),
        proposition="{s} had {o}.",
        description="suffering from {o}",
    ),
}
