"""The short report: the answer page, and a page each of the proposal, the alternatives and the risk."""
