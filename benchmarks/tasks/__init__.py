"""What the tasks gain from being trained together, and the funnel beside simple models."""
