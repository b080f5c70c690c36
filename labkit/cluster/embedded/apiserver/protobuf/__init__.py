"""Request bodies of clients that send protobuf, decoded to objects.

Role: `decode` gives a body's object as JSON would have said it. Knows nothing about HTTP, schemas
or what an object means. Replies need no protobuf: every client that sends it also takes JSON.
See docs/embedded-cluster.md.

- `wire.py`: fields of a message as they are on the wire;
- `messages.py`: what Kubernetes' messages are, from the tables `messages.json.gz`;
- `well_known.py`: messages whose JSON is something else than their fields;
- `decoding.py`: the envelope, and a message's bytes to its JSON;
- `as_go.py`: an object that came as JSON, as it would be had it come in protobuf;
- `packing.py` and `go_types.py`: make the tables, from a program that has them.
"""

from labkit.cluster.embedded.apiserver.protobuf.as_go import write_as_go
from labkit.cluster.embedded.apiserver.protobuf.decoding import decode, is_known
from labkit.cluster.embedded.apiserver.protobuf.wire import BadProtobuf, TooManyFields

__all__ = ["BadProtobuf", "TooManyFields", "decode", "is_known", "write_as_go"]
