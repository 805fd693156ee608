"""Tests of the claude plugin."""
