"""What gets indexed: document, passage, sentence, proposition, phrase. Today: the passage, which lives in `data`."""
