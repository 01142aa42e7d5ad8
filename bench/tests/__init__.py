"""Tests of the pure parts: no peer is needed, nor Thalweg."""
