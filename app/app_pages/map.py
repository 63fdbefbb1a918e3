"""What does this encoder think is close?"""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import prepared
import state
from components import (
    map_chart,
    map_jobs,
    map_lapse,
    map_lists,
    map_more,
    map_scene,
    map_state,
    map_take,
    map_words,
    page,
)
from components.map_chart import Sight
from components.map_scene import Scene
from components.map_state import NOBODY, View
from retrievarium.analysis import ALIGNED_UMAP_LIMIT, Pair, Shade, number
from retrievarium.contracts import RetrievariumError
from retrievarium.data import Collection

chosen = state.selection()
dark = st.context.theme.type == "dark"


def _settle(key: str, options: list[str], usual: str) -> None:
    """A value that this collection does not know falls back; one that a link is about to bring is left alone."""
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = usual


def controls(names: dict[str, str]) -> View:
    """Which encoder, beside which other one."""
    map_state.hidden()
    at = st.session_state
    _settle("me", list(names), next(iter(names)))
    with st.container(horizontal=True, vertical_alignment="bottom", key="map-bar"):
        st.selectbox("Encoder", list(names), key="me", bind="query-params", persist_state="session", width=230)
        others = [NOBODY, *(n for n in names if n != at["me"])]
        _settle("mb", others, NOBODY)
        st.selectbox(
            "Beside it",
            others,
            key="mb",
            bind="query-params",
            persist_state="session",
            width=230,
            disabled=len(others) == 1,
            help="A second encoder over the same points. Models trained on this collection appear here.",
        )
        if at["mb"] != NOBODY:
            st.button("Swap", on_click=map_state.swap, args=(at["me"], at["mb"]), icon=":material/swap_horiz:")
        st.text_input(
            "Search in the map",
            key="mf",
            bind="query-params",
            persist_state="session",
            type="search",
            max_chars=200,
            placeholder="words in a title, passage or query",
            width=330,
        )
    return map_state.view()


def colours(shades: dict[str, Shade], usual: str) -> Shade:
    """The colouring, chosen by its words: they are what stands in the link."""
    by_label = {s.label: s for s in shades.values()}
    labels = list(by_label)
    _settle("mc", labels, shades[usual].label)
    label = st.selectbox(
        "Colour by",
        labels,
        index=labels.index(shades[usual].label),
        key="mc",
        bind="query-params",
        persist_state="session",
        width=230,
    )
    return by_label[label]


def buttons(of: Scene, view: View) -> None:
    """The two honest buttons: the same data again, and no data at all."""
    ready = of.checks is not None
    why = None if ready else "Other seeds and noise are laid out with the map's checks."
    st.button("Another seed", on_click=map_state.next_seed, icon=":material/casino:", disabled=not ready, help=why)
    st.button(
        "Show the data again" if view.layout == "noise" else "Shuffle the data",
        on_click=map_state.toggle_noise,
        icon=":material/shuffle:",
        disabled=not ready,
        help=why or "What the same procedure draws when there is nothing to see.",
    )
    if view.layout != "map":
        st.button("Back to the map", on_click=map_state.back, icon=":material/undo:")


def query_in_view(collection: Collection) -> state.Selection:
    """The chosen query, else a prepared one of this collection, so that the page opens on something to see."""
    if chosen.query or chosen.ask:
        return chosen
    first = prepared.first_query(collection) or next(iter(collection.queries.ids), "")
    return chosen.with_(query=first)


def draw(of: Scene, view: View, looked: state.Selection, other: tuple[Scene, Pair] | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="map-tools"):
        shades = dict(of.shades)
        if other is not None:
            note = "1 minus the Jaccard overlap of the true top 10 in the two original spaces, less the floor."
            shades["change"] = number("change", "change above the floor", other[1].excess, note)
        shade = colours(shades, of.default_shade())
        view = replace(view, colour=shade.label)
        if other is None:
            buttons(of, view)
    layout = view.layout if of.checks is not None and other is None else "map"
    noise = layout == "noise"
    query, focus = map_chart.query_position(of, looked), map_chart.focus_position(of, view)
    hits = of.search(view.find) if view.find else []
    places = of.places(layout)
    if other is not None and (other[1].folder / "first.npy").is_file():
        places = other[1].array("first")
    sight = Sight(of, places, shade, query, focus, hits, noise)
    if view.find:
        _found(of, view, hits)
    at = map_scene.positions(of, view.chosen)
    if other is None:
        left, right = st.columns([2.35, 1], gap="medium")
        with left:
            figure = map_chart.chart(sight, view, looked.k, dark, "main", _alt(of, shade, len(at)))
            if shade.note and not noise:
                page.note(shade.note)
        with right:
            if noise:
                page.empty("These points are nobody.", "Show the data again to read them.")
            else:
                map_lists.neighbours(sight, looked)
    else:
        figure = side_by_side(sight, view, looked, other, len(at))
    if not noise:
        legend(looked, query)
        map_lists.selection(sight, at, looked)
    if other is not None:
        page.heading("Most changed", "In the original spaces, above the floor. A row puts its point in view.")
        map_words.table(map_words.pair_rows(other[1].about))
        map_lists.changed(of, other[1])
    if other is None and not noise:
        map_lapse.section(sight, view.encoder, dark)
    details(sight, view)
    spec = map_scene.encoders(of.collection)[view.encoder]
    map_take.footer(of, figure, looked, view, spec, at)


def _found(of: Scene, view: View, hits: list[int]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        some = "point holds" if len(hits) == 1 else "points hold"
        page.note(f"{len(hits):,} {some} “{view.find}”; ringed." if hits else f"No point holds “{view.find}”.")
        if hits:
            st.button("Select them", on_click=map_state.choose, args=([of.names[i] for i in hits],))


def legend(looked: state.Selection, query: int | None) -> None:
    told = ["● filled: passage", "◇ hollow: query", "dotted rays: from the query in view to its true top, by rank"]
    told += [
        "□ large red square: false friend, near on the map only",
        "◇ large blue diamond: lost friend, near in truth only",
    ]
    st.html('<div class="rv-legend">' + "".join(f"<span>{t}</span>" for t in told) + "</div>")
    if looked.query and query is None:
        page.note(f"The query {looked.query} is not on this map, which shows the default split.")
    if looked.ask:
        page.note("A question of your own has no place on a map: where it falls would be a guess. Compare answers it.")


def side_by_side(sight: Sight, view: View, looked: state.Selection, other: tuple[Scene, Pair], selected: int) -> object:
    """Two maps, one selection. The second was turned onto the first."""
    right_scene, pair = other
    second = Sight(right_scene, pair.array("places"), sight.shade, sight.query, sight.focus, sight.hits)
    left, right = st.columns(2, gap="medium")
    with left:
        page.note(f"{view.encoder}: kept@10 {pair.about['left_kept_at_k']:.2f}")
        figure = map_chart.chart(sight, view, looked.k, dark, "left", _alt(sight.scene, sight.shade, selected), 520)
    with right:
        kept = float(pair.array("kept")[: sight.scene.n].mean())
        page.note(
            f"{view.beside}: kept@10 {kept:.2f}, "
            + ("laid out together with the left map" if pair.about["together"] else "turned onto the left map")
            + f" (residual {pair.about['residual']:.2f})"
        )
        map_chart.chart(second, view, looked.k, dark, "right", _alt(right_scene, sight.shade, selected), 520)
    page.note("What differs between two maps by eye may be the layout alone: read the change in the table, not here.")
    one, two = st.columns(2, gap="medium")
    with one:
        map_lists.neighbours(sight, looked)
    with two:
        map_lists.neighbours(second, looked)
    return figure


def details(sight: Sight, view: View) -> None:
    of = sight.scene
    panel = st.expander("Details", icon=":material/straighten:", on_change="rerun", key="map-details")
    if not panel.open:
        return
    with panel:
        page.heading("The colours as a table")
        map_lists.twin(sight, map_scene.positions(of, view.chosen))
        if of.made is not None and of.checks is not None:
            page.heading("The map against the space")
            map_words.table(map_words.map_rows(of.made.about, of.checks.numbers))
            page.heading("The space itself", "True whatever the map.")
            map_words.table(map_words.space_rows(of.checks.numbers))
        page.heading("The index against exact search")
        map_more.index_recall(of)
        spec = map_scene.encoders(of.collection)[view.encoder]
        if not view.beside:
            page.heading("Three dimensions")
            if st.toggle("Show", key="map-3d"):
                map_more.third_dimension(sight, spec, dark)
        page.heading("The big atlas (optional)")
        map_more.atlas(sight)


def _alt(of: Scene, shade: Shade, selected: int) -> str:
    told = f"Map of {of.n:,} passages and {len(of.points.queries):,} queries as {of.vectors.encoder} sees them"
    told += f", coloured by {shade.label}, {selected:,} selected."
    return told + " The tables on this page hold the same points, colours and neighbours."


def second_scene(of: Scene, view: View, names: dict[str, str]) -> tuple[Scene, Pair] | None:
    """The encoder beside, over the same points; None while it has to be made."""
    first, second = names[view.encoder], names[view.beside]
    found = map_scene.vectors(of.collection, second, view.beside)
    together = of.size <= ALIGNED_UMAP_LIMIT and st.toggle(
        "Lay both out together (AlignedUMAP)",
        key="mt",
        bind="query-params",
        help="Points are held near themselves from one map to the other: easier to compare, each a little less true.",
    )
    pair = map_scene.pair(of, found, together) if found is not None else None
    if found is None or pair is None:
        map_jobs.beside(of, first, second, view.beside, map_scene.twin(of.collection, view.beside), together)
        return None
    return Scene(of.collection, found, of.points, of.made, of.checks), pair


def main() -> None:
    collection = state.collection_of(chosen)
    if collection is None:
        page.empty("There is no collection to map.", "Generate a World or bring your own on the Collections page.")
        return
    if map_scene.too_small(collection):
        page.empty("This collection is too small for a map.", "It takes a dozen passages to have neighbourhoods.")
        return
    names = map_scene.encoders(collection)
    view = controls(names)
    if map_state.lost(st.session_state.get("ms") or ""):
        page.callout(
            "warning", "The link names a selection that only another workspace knows", "The map is shown whole."
        )
    try:
        found = map_scene.vectors(collection, names[view.encoder], view.encoder)
        if found is None:
            map_jobs.encode(collection, names[view.encoder], view.encoder)
            return
        of = map_scene.scene(collection, found)
    except RetrievariumError as error:
        page.callout("stop", f"{collection.name} cannot be mapped with {view.encoder}", str(error))
        return
    map_words.badge(of, "map" if view.beside else view.layout)
    map_words.facts(of)
    map_jobs.lay_out(of, names[view.encoder])
    other = second_scene(of, view, names) if view.beside and of.made is not None else None
    draw(of, view, query_in_view(collection), other)


main()
