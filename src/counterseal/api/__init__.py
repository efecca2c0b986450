"""The door for agencies' programs: typed, described in OpenAPI, closed unless a registered key opens it.

It acts through ``flow`` alone and never tells one agency that another, or another's submission, exists.
"""
