"""From a request to its answer: where the inputs come from, what is run, what is shown of it."""
