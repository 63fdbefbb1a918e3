"""Language models that write queries, documents and judgements. Empty until the first method needs one."""
