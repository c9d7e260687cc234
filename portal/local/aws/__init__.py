"""The pretend AWS: S3, SQS, STS and QuickSight snapshot jobs in one local process.

For laptops and tests only. Nothing here knows the product: it is met over HTTP, the way AWS is.
"""
