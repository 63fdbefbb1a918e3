"""Which of these finds the evidence, and why?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow.compute as pc
import streamlit as st

import columns as answers
import reasons
import state
import whole
from components import (
    cards,
    compare_state,
    compare_take,
    ears,
    overall,
    page,
    picture,
    queries,
    uploads,
    wanting,
    what_if,
    why,
)
from components.compare_state import View
from components.why_view import Side
from retrievarium.analysis import Finding, finding_sentence
from retrievarium.analysis.why import edited_collection
from retrievarium.data import Collection
from retrievarium.figures import rank_lines, system_colours

STYLE = Path(compare_state.__file__).with_name("compare.css")

chosen = state.selection()
dark = st.context.theme.type == "dark"


def asked_of(collection: Collection, query: str) -> tuple[cards.Asked, list[tuple[str, str]]]:
    """The question in view with its judgements, and the facts to print under it."""
    if not query:
        return cards.Asked(chosen.ask), [("", "your own question: nobody has judged it")]
    known = collection.all_queries[query]
    judged = collection.split_named(chosen.split).qrels.judged(query) if chosen.split else {}
    answers = list(dict.fromkeys(a.strip(" .") for a in known.answers))
    facts = [("answer", answers[0] + (f" (+{len(answers) - 1} more)" if answers[1:] else ""))] if answers else []
    facts += [(k, v) for k, v in (("kind", known.kind), ("entity", named(collection, known.entity))) if v]
    facts += [("relation", known.relation)] if known.relation else []
    facts += [("popularity", f"{known.popularity:,}")] if known.popularity is not None else []
    return cards.Asked(known.text, query, known.answers, judged), [*facts, ("query", query)]


def named(collection: Collection, entity: str | None) -> str | None:
    """An entity's name where the collection's table of entities knows its id."""
    table = collection.tables.get("entities")
    if entity is None or table is None or not {"id", "name"} <= set(table.column_names):
        return entity
    at = pc.index(table.column("id"), entity).as_py()
    return entity if at < 0 else str(table.column("name")[at].as_py())


def sentence(columns: list[answers.Column], asked: cards.Asked) -> str:
    ready = [c for c in columns if c.ranking is not None]
    if not ready:
        return "No retriever has answered yet."
    if not asked.id:
        return "Nobody has judged this question: read the results and see where the rankings differ."
    relevant = asked.judged and asked.relevant
    found = [
        Finding(
            c.name,
            min((r for p in asked.relevant if (r := c.ranking.rank_of(p))), default=None),
            answers.DEPTH,
        )
        for c in ready
        if c.ranking is not None
    ]
    return finding_sentence(found, len(relevant or []))


@dataclass
class Seen:
    """What is shown of one question: for what follows it on the page, and for what is taken along."""

    asked: cards.Asked
    columns: list[answers.Column] = field(default_factory=list)
    sides: list[Side] = field(default_factory=list)
    lines: str = ""
    waiting: list[object] = field(default_factory=list)


def one_question(collection: Collection, query: str, view: View) -> Seen:
    """The question, its columns, the pair explained and the edits."""
    asked, facts = asked_of(collection, query)
    if not asked.text:
        page.empty("This collection has no queries.", "Ask a question of your own in the field above.")
        return Seen(asked)
    before = answers.columns(collection, chosen, query, asked.text)
    seen = Seen(asked, before)
    if view.edits:
        seen.asked = replace(asked, text=view.question or asked.text)
        seen.columns = reasons.columns(collection, chosen, seen.asked.text, view.edit)
        collection = edited_collection(collection, view.edit) if view.edit is not None else collection
    columns = seen.columns
    st.html(cards.question(collection, asked, facts, sentence(columns, asked)))
    wanting.offers(collection, columns)
    if not view.why:
        why.button(columns, asked, view)
    seen.lines = lines(collection, columns, asked)
    if view.why:
        with st.container(border=True, key="why"):
            known = collection.all_queries[query] if query else None
            what_if.question(asked, view)
            with st.container(horizontal=True, vertical_alignment="center", key="why-bar"):
                why.choice(columns, asked, view)
                what_if.ready(collection, asked, view, known and known.entity, known and known.relation)
                why.close()
            if view.edits:
                what_if.moved(before, columns, asked, view)
            seen.sides, seen.waiting = why.panel(collection, columns, before, seen.asked, view)
    st.html(cards.legend(bool(asked.answers), bool(asked.judged)))
    here = {c.name: c.ranking for c in before if c.ranking is not None} if view.edits else None
    st.html(cards.cards(collection, columns, seen.asked, chosen.k, dark, lambda n, p: why_link(n, p, view), here))
    return seen


def why_link(name: str, passage: str, view: View) -> str:
    changes = {"w": passage, "wr": name, "wo": ""}
    where = compare_state.address(chosen, view, **changes)
    return ears.link("why?", changes, where, f"Why {name} has this passage here", "rv-ask")


def lines(collection: Collection, columns: list[answers.Column], asked: cards.Asked) -> str:
    """Rank lines between the columns that have answered; returns them as they can be taken along."""
    ready = [c for c in columns if c.ranking is not None]
    if len(ready) < 2:
        return ""
    shown = {p for c in ready if c.ranking is not None for p in c.ranking.ids[: chosen.k]}
    titles = {p: collection.passages[p].title or collection.passages[p].text[:60] for p in shown}
    lists = {c.name: c.ranking.ids for c in ready if c.ranking is not None}
    colours = system_colours(list(chosen.retrievers), dark)
    gold = asked.relevant
    drawn = rank_lines(lists, chosen.k, titles, gold, colours, dark, lambda p: ears.attributes({"w": p, "wo": ""}))
    taken = rank_lines(lists, chosen.k, titles, gold, system_colours(list(chosen.retrievers)), width=1_100).svg
    picture.show(drawn.svg, "rank-lines", taken, f"{chosen.collection}-ranks")
    return taken


def main() -> None:
    collection = state.collection_of(chosen)
    if collection is None:
        if chosen.collection:
            page.callout("stop", f"{chosen.collection} cannot be opened", state.problem(chosen.collection))
        else:
            page.empty("There is no collection yet.", "Generate a World or bring your own on the Collections page.")
        return
    if not chosen.retrievers:
        page.empty("No retriever is chosen.", "Choose two to six in the sidebar; the first is the reference.")
        return
    compare_state.settle()
    body, unseen = st.container(), st.container(key="compare-hidden")
    with unseen:
        st.html(STYLE)
        ears.listen(compare_state.apply)
    with body:
        comparison(collection)


def comparison(collection: Collection) -> None:
    view = compare_state.view(collection)
    look = whole.overall(collection, chosen)
    query = queries.bar(collection, chosen, look)
    seen = one_question(collection, query, view)
    told = chosen.with_(query=query)
    overall.section(collection, told, view, look, dark)
    compare_take.footer(collection, told, view, seen.asked, seen.columns, seen.sides, look.overall, seen.lines)
    uploads.run_form(collection)
    if not look.waiting and all(c.state != "working" for c in seen.columns):
        answers.warm_up(collection, chosen.retrievers)
    working = (k for c in seen.columns if c.state == "working" for k in c.keys)
    page.poll([*look.waiting, *seen.waiting, *working])


main()
