"""Destinations: what a company's servers, buckets and channels are set up with, tested, changed and deleted.

What goes there is carried by reports/delivery/carrier.py, over the channels of reports/delivery/.
"""
