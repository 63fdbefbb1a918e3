"""Language models that write queries, documents, propositions and judgements. Empty until the first method needs one."""
