"""What variety, exploration and the control of popularity cost."""
