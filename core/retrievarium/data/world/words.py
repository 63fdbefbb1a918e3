"""Literal values: two parts each, so that a value is seldom told twice."""

from __future__ import annotations

from retrievarium.data.world.draws import Draw
from retrievarium.data.world.listing import listed

PARTS: dict[str, tuple[str, str]] = {
    "trade": (
        "salt rope clock glove lamp barrel button ribbon mirror saddle nail wool organ cart kite chart candle pearl",
        "carrier maker mender dealer tester gilder cutter weaver sorter printer polisher packer turner seller painter",
    ),
    "illness": (
        "marsh stone winter river miner's harbour three-day white creeping shaking blue night field sailor's spring",
        "fever cough ague palsy gout rheum colic jaundice catarrh pleurisy sciatica quinsy",
    ),
    "emblem": (
        "white black red golden silver sleeping crowned running blind two-headed winged green standing grey",
        "heron stag otter pike lynx beetle ram swan badger hare raven boar salmon owl bear snail cockerel fox",
    ),
    "product": (
        "smoked painted waxed salted blue fine coarse pressed woven twisted dried spiced bleached pickled carved",
        "eels glass thread paper plums bricks needles felt cheese bells lace soap mustard combs figs linen harness",
    ),
    "disaster": (
        "Candlemas harvest Whitsun Martinmas midsummer Lenten Advent Easter vintage Shrovetide midnight Michaelmas",
        "flood fire storm earthquake landslip siege explosion frost gale riot collapse hurricane",
    ),
    "material": (
        "black river pale seasoned split burnt northern tarred veined soft double quarry mountain bleached",
        "oak limestone larch slate copper walnut granite bronze ash cedar basalt iron elm maple pewter sandstone",
    ),
    "colour": (
        "smoky pale deep dusty bright rusty milky cold watery leaden warm mossy",
        "violet ochre crimson olive indigo amber scarlet turquoise umber saffron lilac russet",
    ),
    "omen": (
        "early late long sudden unexpected mild heavy quick quiet repeated",
        "thaws riches frost weddings letters rain quarrels visitors homecomings drought twins lawsuits bargains",
    ),
    "use": (
        "fishing lamp funeral festival organ surgical writing sailing kitchen hunting stage church",
        "lures lenses wreaths masks pipes splints inks varnish moulds dyes charms beads bows",
    ),
}
_SPLIT = {name: (first.split(), second.split()) for name, (first, second) in PARTS.items()}

NICK_FIRST = listed(
    """
    Quiet Iron Crooked Velvet Hollow Paper Merry Silent Amber Wooden Laughing Ragged Patient Copper
    Frozen Wandering Little Crimson Borrowed Sleepless Golden Barefoot Ashen Proud Hidden Lonely
    Painted Stubborn Broken Scarlet Forgotten Humble Glass Gilded Drowsy Thirsty Windy Salted
    Limping Starlit
    """
)
NICK_LAST = listed(
    """
    Lantern Sparrow Anvil Compass Thimble Weaver Ladder Badger Candle Harp Ferry Spindle Orchard
    Drum Needle Falcon Mirror Kettle Anchor Pilgrim Willow Hammer Cricket Bell Shepherd Magpie
    Chimney Saddle Feather Bishop Cobbler Rooster Tinker Basin Heron Miller Garland Whistle Beacon
    Chestnut
    """
)


def literal(kind: str, draw: Draw) -> str:
    """A value of a literal list, e.g. `salt carrier` for `trade`; years lie in 1412 to 1868."""
    if kind == "year":
        return str(draw.between(1412, 1868))
    first, second = _SPLIT[kind]
    return f"{draw.choice(first)} {draw.choice(second)}"


def with_article(text: str) -> str:
    """The value with an indefinite article, e.g. `an organ maker`."""
    return f"{'an' if text[0].lower() in 'aeiou' else 'a'} {text}"
