"""Which of these finds the evidence, and why?"""

from __future__ import annotations

import pyarrow.compute as pc
import streamlit as st

import columns as answers
import state
import whole
from components import cards, overall, page, queries, share, uploads, wanting
from retrievarium.analysis import Finding, finding_sentence
from retrievarium.data import Collection

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


def one_question(collection: Collection, query: str) -> list[answers.Column]:
    asked, facts = asked_of(collection, query)
    if not asked.text:
        page.empty("This collection has no queries.", "Ask a question of your own in the field above.")
        return []
    columns = answers.columns(collection, chosen, query, asked.text)
    st.html(cards.question(collection, asked, facts, sentence(columns, asked)))
    wanting.offers(collection, columns)
    st.html(cards.legend(bool(asked.answers), bool(asked.judged)))
    st.html(cards.cards(collection, columns, asked, chosen.k, dark))
    return columns


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
    look = whole.overall(collection, chosen)
    query = queries.bar(collection, chosen, look)
    columns = one_question(collection, query)
    overall.section(collection, chosen, look, dark)
    share.footer(collection, chosen.with_(query=query), columns)
    uploads.run_form(collection)
    if not look.waiting and all(c.state != "working" for c in columns):
        answers.warm_up(collection, chosen.retrievers)
    page.poll([*look.waiting, *(k for c in columns if c.state == "working" for k in c.keys)])


main()
