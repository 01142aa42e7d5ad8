"""The other trainers, each as a program of its own that times one work and prints its rows."""
