"""pcc: samples /proc of this machine into a collection.

Standard library only, Python 3.6 and later, no import of perfops: this package is packed into the one file that is
copied to a machine under test.
"""

VERSION = "0.1.0"
