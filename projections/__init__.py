"""Read models: pure folds of the log, and the questions people ask of them."""
