"""What lightkube does: prints what it sees, one line each."""

from __future__ import annotations

import os

from lightkube import ApiError, Client, KubeConfig
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

config = KubeConfig.from_file(os.environ["KUBECONFIG"]).get()
client = Client(config=config, field_manager="test")
body = ConfigMap(apiVersion="v1", kind="ConfigMap", metadata=ObjectMeta(name="a"), data={"x": "1"})
applied = client.apply(body)
print([one.operation for one in applied.metadata.managedFields])
for kind, found in client.watch(ConfigMap, fields={"metadata.name": "a"}):
    print(kind, found.data)
    break
print(client.patch(ConfigMap, "a", {"data": {"x": "2"}}).data)
client.delete(ConfigMap, "a")
try:
    client.get(ConfigMap, "a")
except ApiError as error:
    print(error.status.reason)
