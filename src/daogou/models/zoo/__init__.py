"""The reference models that the joint model is compared with, small and readable."""
