"""What the training report is made of: its page, its pictures, and what they show."""
