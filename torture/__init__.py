"""Everything that can go wrong at once, on purpose, and then the books: `make torture` (SECONDS=120 SEED=…)."""
