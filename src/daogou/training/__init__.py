"""From a store to a bundle: read, replay, train, export, report. Needs torch."""
