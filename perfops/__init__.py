"""perfops: what did these machines do while the test ran, and how do they compare?"""

__version__ = "0.1.0"
