"""A container from scratch, and facts about any process."""
