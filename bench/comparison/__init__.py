"""The side-by-side comparison of Thalweg with other trainers. Standard library only."""
