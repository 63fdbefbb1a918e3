"""Plotly figures made from analysis results, shared by app and notebooks."""
