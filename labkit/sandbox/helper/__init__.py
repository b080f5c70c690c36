"""The helper: a small process with one thread that makes the system calls for a session.

It is started once per session and forks for each sandbox, so it imports only what the child needs.
``loop`` answers requests, ``launch`` makes a sandbox from outside (``attempt`` takes back one that
failed), ``inside`` is what the new process does to itself, ``look`` reads facts from inside a
namespace, ``wire`` is the message form.
"""
