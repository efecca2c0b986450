"""Synthetic people, the registries that hold them and the requests that ask for them.

Everything here is invented: names are drawn from census frequencies, streets are composed, ZIP codes are
real so that city, state and ZIP agree. One seed gives the same values on every machine. Nothing here
reads a real record, and nothing of the office imports this package.
"""
