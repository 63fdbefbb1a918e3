"""Why: matched terms and answers, disagreement between retrievers, and how far ranks move."""
