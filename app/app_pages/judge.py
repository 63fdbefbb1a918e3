"""Which of these results are any good?"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

import columns as answers
import judging
import state
import whole
from components import annotation_box, annotator, judge_results, judge_view, page, share, take, wanting
from judging import Plan
from retrievarium.data import Collection
from whole import Overall

chosen = state.selection()
st.html(Path(__file__).parents[1] / "components" / "clinic.css")


def controls(collection: Collection, said: list) -> tuple[str, str, int, int]:
    """Who judges what: (name, order, number of questions, depth of the pools)."""
    state.take_over(jo=str, jn=int, jd=int)
    at = st.session_state
    known = judging.orders(collection)
    for key, options in (("jo", known), ("jn", judging.NUMBERS), ("jd", judging.DEPTHS)):
        if key in at and at[key] not in options:  # of another collection, or a link's odd value
            del at[key]
    with st.container(horizontal=True, vertical_alignment="bottom", key="judge-bar"):
        who = annotator.name_field(said)
        order = st.selectbox("Questions", known, key="jo", bind="query-params", persist_state="session", width=270)
        number = st.selectbox(
            "How many",
            judging.NUMBERS,
            index=judging.NUMBERS.index(50),
            key="jn",
            bind="query-params",
            persist_state="session",
            width=110,
        )
        depth = st.selectbox(
            "Results of each retriever",
            judging.DEPTHS,
            index=judging.DEPTHS.index(5),
            key="jd",
            bind="query-params",
            persist_state="session",
            width=190,
            help="The first so many of every retriever are put into one pool, each passage once, and shuffled.",
        )
    return who, str(order), int(number), int(depth)


def code(collection: Collection, split: str) -> str:
    """Library lines that measure by the grades; they run as they stand."""
    lines = share.setup(collection, chosen)
    lines[1:1] = ["from retrievarium.data import judged_collection", "from retrievarium.workspace import workspace"]
    lines += [
        f"judged = judged_collection(docs, workspace().annotations.all(), {split!r}).split_named({split!r})",
        "for name, retriever in columns.items():",
        "    run = retriever.search(judged.queries, 100)",
        f"    print(name, len(judged), rv.evaluate(run, judged.qrels, [{chosen.measure!r}], docs))",
    ]
    return "\n".join(lines)


def footer(collection: Collection, plan: Plan, said: list, who: str, params: dict[str, str]) -> None:
    done = judging.graded(said, who)

    known, passages = collection.all_queries, collection.passages
    head = ("query", "text", "passage", "title", f"grade by {who}")

    def rows() -> list[tuple[object, ...]]:
        return [
            (q, known.texts[known.row_of[q]], p, passages.titles[passages.row_of[p]], done.get((q, p), ""))
            for q, p in plan.items
        ]

    title = f"{collection.name}: results judged by {who}"
    told = f"{len(done):,} grades; 0: no use, 1: related only, 2: answers it in part, 3: answers it."
    take.footer(
        state.to_page("judge", {**chosen.params(), **params}),
        code(collection, "judged"),
        f"{collection.name}-pool",
        lambda: take.csv_text(head, rows()),
        lambda: take.one_file(title, [told], [("Results", take.html_table(head, rows()))], []),
        png=False,
        cannot_carry="Grades live in this workspace; take them along as annotations.",
    )


def judge(collection: Collection, over: Overall, said: list, who: str, order: str, number: int, depth: int) -> None:
    plan = judging.plan(collection, over, order, number, depth, who)
    if not plan.queries:
        page.empty("There is nothing to judge.", "No retriever found anything for these questions.")
        return
    judge_view.show(collection, plan, said, who)
    judge_results.use(collection, chosen, said)
    judge_results.say(collection, chosen, over, plan, said)
    annotation_box.section(collection, said)
    judge_results.log_form(collection)
    footer(collection, plan, said, who, {"jo": order, "jn": str(number), "jd": str(depth)})


def main() -> None:
    collection = state.collection_of(chosen)
    if collection is None:
        if chosen.collection:
            page.callout("stop", f"{chosen.collection} cannot be opened", state.problem(chosen.collection))
        else:
            page.empty("There is no collection yet.", "Generate a World or bring your own on the Collections page.")
        return
    page.sentence(
        "Results of all chosen retrievers, shuffled, without their names: grade each with the keys 0 to 3. "
        "Every grade is kept at once."
    )
    if not len(collection.all_queries):
        page.empty("This collection has no queries.", "Bring a query log below.")
        judge_results.log_form(collection)
        return
    if not chosen.retrievers:
        page.empty("No retriever is chosen.", "Choose two to six in the sidebar.")
        return
    judge_results.counts_note(collection)
    said = annotator.rows(collection)
    who, order, number, depth = controls(collection, said)
    found = whole.overall(collection, chosen)
    if found.failed:
        page.callout("stop", "The questions could not be searched", found.failed)
        return
    if found.left_out:
        first, text = collection.all_queries.ids[0], collection.all_queries.texts[0]
        left = chosen.with_(retrievers=tuple(found.left_out))
        wanting.offers(collection, answers.columns(collection, left, first, text))
    if found.overall is None:
        if found.waiting:
            page.callout("working", "Searching all questions")
        page.poll(list(found.waiting))
        return
    judge(collection, found.overall, said, who, order, number, depth)


main()
