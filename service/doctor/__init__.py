"""`candled doctor`: is this machine, with this configuration, fit to run a daemon, and how to mend what is not.

Checks change nothing but a file that they write and remove again where a daemon would write.
"""
