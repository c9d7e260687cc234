"""The published serverless solution's table of job requests, brought over as history.

export.py reads the table's export, history.py makes jobs of it.
"""
