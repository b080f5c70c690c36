"""What kr8s does: prints what it sees, one line each."""

from __future__ import annotations

import os
import warnings

warnings.filterwarnings("ignore", "Kubernetes version", UserWarning)  # it knows up to 1.35

import kr8s  # noqa: E402
from kr8s.objects import ConfigMap, Deployment  # noqa: E402

api = kr8s.api(kubeconfig=os.environ["KUBECONFIG"])
made = ConfigMap({"metadata": {"name": "a"}, "data": {"x": "1"}}, api=api)
made.create()
made.label({"app": "web"})
print([one.name for one in api.get("configmaps", label_selector={"app": "web"})])
made.patch({"data": {"x": "2"}})
made.refresh()
print(made.data["x"])
for kind, event in api.watch("configmaps", label_selector={"app": "web"}):
    print(kind, event.name)
    break
template = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]},
}
spec = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": template}
deployment = Deployment({"metadata": {"name": "web"}, "spec": spec}, api=api)
deployment.create()
print(deployment.exists())
made.delete()
print(made.exists())
