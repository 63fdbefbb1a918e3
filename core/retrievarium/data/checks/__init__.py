"""The looks a preflight takes at a collection, by what they look at."""
