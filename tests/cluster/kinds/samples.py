"""One object of each kind that keeps all rules, with as much in it as people write."""

from __future__ import annotations

import copy
from typing import Any

Object = dict[str, Any]

LABELS = {"app": "web"}
POD_SPEC: Object = {
    "initContainers": [{"name": "wait", "image": "busybox:1.36", "command": ["true"]}],
    "containers": [
        {
            "name": "web",
            "image": "nginx:1.27",
            "ports": [{"name": "http", "containerPort": 80}],
            "env": [
                {"name": "MODE", "value": "on"},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "own", "key": "key"}}},
                {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
            ],
            "envFrom": [{"configMapRef": {"name": "settings"}}],
            "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": 0.5}},
            "volumeMounts": [{"name": "data", "mountPath": "/data", "subPath": "a/b"}],
            "livenessProbe": {"httpGet": {"port": "http"}},
            "readinessProbe": {"tcpSocket": {"port": 80}},
            "startupProbe": {"exec": {"command": ["true"]}},
            "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
            "securityContext": {"runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        },
    ],
    "volumes": [
        {"name": "data"},
        {"name": "settings",
         "configMap": {"name": "settings", "items": [{"key": "a", "path": "a"}]}},
        {"name": "own", "secret": {"secretName": "own"}},
        {"name": "host", "hostPath": {"path": "/var/log"}},
        {"name": "claim", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "all", "projected": {"sources": [{"downwardAPI": {"items": [
            {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}]}},
    ],
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]}},
        "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname",
                                              "labelSelector": {"matchLabels": LABELS}}}]},
    },
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
         "labelSelector": {"matchLabels": LABELS}}],
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["db.local"]}],
    "imagePullSecrets": [{"name": "registry"}],
    "serviceAccountName": "web",
}  # fmt: skip
TEMPLATE: Object = {"metadata": {"labels": LABELS}, "spec": POD_SPEC}
SELECTOR: Object = {"matchLabels": LABELS}
CLAIM: Object = {
    "accessModes": ["ReadWriteOnce"],
    "resources": {"requests": {"storage": "1024Mi"}},
    "storageClassName": "fast",
}
WEBHOOK: Object = {
    "name": "check.example.com",
    "admissionReviewVersions": ["v1"],
    "sideEffects": "None",
    "clientConfig": {"service": {"name": "hook", "namespace": "default"}},
    "rules": [
        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    ],
}
_ROLE_RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
_JOB_SPEC: Object = {"template": {"spec": {**POD_SPEC, "restartPolicy": "Never"}}}

REQUEST = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIY01JR0NBZ0VBTUNBeEVEQU9CZ05W"
    "QkFvTUIzSmxZV1JsY25NeEREQUtCZ05WQkFNTUEyRnViakJaTUJNRwpCeXFHU000OUFnRUdDQ3FHU000"
    "OUF3RUhBMElBQklnMTNvbDZ0N25xUTJWcUZpWVIzVjZOL3hFTE1OaTI3ZnBSClU4K2laUHRZQkZDb3Vx"
    "dHdSYzBoSXQvSzEvekM3Ym5zaUUrRDMwR3JpVkVHd0NCRVkvR2dBREFLQmdncWhrak8KUFFRREFnTkpB"
    "REJHQWlFQXl5RXhkYlpIV01LeG1BWUtrbldzUmpkbHA4bmtLb3RHaThLM3B3SHlBcU1DSVFENgpWdlc5"
    "bnVRSTJLbHhNczUrU0ZVeFBpV1dpTVRVYVh4NTZkVmJpcXo5TFE9PQotLS0tLUVORCBDRVJUSUZJQ0FU"
    "RSBSRVFVRVNULS0tLS0K"
)
"""For a certificate of ann, one of the readers: PKCS #10."""

BODIES: dict[str, Object] = {
    "configmaps": {"data": {"a.conf": "x"}, "binaryData": {"b": "AA=="}},
    "endpoints": {"subsets": [{"addresses": [{"ip": "10.1.0.4"}], "ports": [{"port": 80}]}]},
    "events": {"involvedObject": {"kind": "Pod", "name": "web", "namespace": "default"}},
    "limitranges": {
        "spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "100m"}}]}
    },
    "namespaces": {},
    "nodes": {
        "spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}]},
        "status": {"capacity": {"cpu": "2000m", "memory": "4096Mi"}},
    },
    "persistentvolumeclaims": {"spec": CLAIM},
    "persistentvolumes": {
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/data"},
        }
    },
    "pods": {"spec": POD_SPEC},
    "podtemplates": {"template": TEMPLATE},
    "replicationcontrollers": {"spec": {"template": TEMPLATE}},
    "resourcequotas": {
        "spec": {"hard": {"pods": "10", "requests.cpu": "1000m", "count/jobs.batch": 3}}
    },
    "secrets": {"stringData": {"key": "value"}},
    "serviceaccounts": {},
    "services": {
        "spec": {
            "selector": LABELS,
            "type": "LoadBalancer",
            "ports": [
                {"name": "http", "port": 80},
                {"name": "admin", "port": 81, "targetPort": "admin"},
            ],
        }
    },
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": {"webhooks": [WEBHOOK]},
    "validatingwebhookconfigurations.admissionregistration.k8s.io": {"webhooks": [WEBHOOK]},
    "validatingadmissionpolicies.admissionregistration.k8s.io": {
        "spec": {
            "matchConstraints": {"resourceRules": WEBHOOK["rules"]},
            "validations": [{"expression": "object.spec.replicas < 5"}],
        }
    },
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": {
        "spec": {"policyName": "small", "matchResources": {}}
    },
    "mutatingadmissionpolicies.admissionregistration.k8s.io": {
        "spec": {
            "matchConstraints": {"resourceRules": WEBHOOK["rules"]},
            "mutations": [
                {
                    "patchType": "ApplyConfiguration",
                    "applyConfiguration": {"expression": "Object{}"},
                }
            ],
            "reinvocationPolicy": "Never",
        }
    },
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": {
        "spec": {"policyName": "small", "matchResources": {}}
    },
    "customresourcedefinitions.apiextensions.k8s.io": {
        "metadata": {"name": "boats.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "boats", "kind": "Boat", "shortNames": ["bt"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                    "subresources": {
                        "scale": {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"}
                    },
                }
            ],
        },
    },
    "controllerrevisions.apps": {"data": {"spec": {}}, "revision": 1},
    "daemonsets.apps": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "deployments.apps": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "replicasets.apps": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "statefulsets.apps": {
        "spec": {
            "selector": SELECTOR,
            "serviceName": "web",
            "template": TEMPLATE,
            "volumeClaimTemplates": [{"metadata": {"name": "more"}, "spec": CLAIM}],
        }
    },
    "horizontalpodautoscalers.autoscaling": {
        "apiVersion": "autoscaling/v2",
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"},
            "maxReplicas": 3,
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}},
        },
    },
    "cronjobs.batch": {"spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": _JOB_SPEC}}},
    "jobs.batch": {"spec": _JOB_SPEC},
    "certificatesigningrequests.certificates.k8s.io": {
        "spec": {
            "request": REQUEST,
            "signerName": "kubernetes.io/kube-apiserver-client",
            "usages": ["client auth"],
        }
    },
    "leases.coordination.k8s.io": {"spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}},
    "endpointslices.discovery.k8s.io": {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.0.4"]}],
        "ports": [{"port": 80}],
    },
    "events.events.k8s.io": {
        "involvedObject": {"kind": "Pod", "name": "web", "namespace": "default"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "type": "Normal",
        "action": "Pull",
        "reason": "Pulling",
        "message": "Pulling image",
        "reportingComponent": "example.com/puller",
        "reportingInstance": "puller-1",
    },
    "flowschemas.flowcontrol.apiserver.k8s.io": {
        "spec": {
            "matchingPrecedence": 500,
            "distinguisherMethod": {"type": "ByUser"},
            "priorityLevelConfiguration": {"name": "learners"},
            "rules": [
                {
                    "subjects": [{"kind": "Group", "group": {"name": "learners"}}],
                    "resourceRules": [
                        {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"],
                         "namespaces": ["default"]}
                    ],
                    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["/healthz/*"]}],
                }
            ],
        }
    },
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": {
        "spec": {
            "type": "Limited",
            "limited": {"limitResponse": {"type": "Queue", "queuing": {"queues": 16}}},
        }
    },
    "ingressclasses.networking.k8s.io": {"spec": {"controller": "example.com/ingress"}},
    "ingresses.networking.k8s.io": {
        "spec": {
            "rules": [
                {
                    "host": "web.example.com",
                    "http": {
                        "paths": [
                            {
                                "path": "/",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": "web", "port": {"number": 80}}},
                            }
                        ]
                    },
                }
            ],
            "tls": [{"hosts": ["*.example.com"], "secretName": "tls"}],
        }
    },
    "networkpolicies.networking.k8s.io": {
        "spec": {
            "podSelector": SELECTOR,
            "ingress": [{"ports": [{"port": 80}], "from": [{"podSelector": SELECTOR}]}],
            "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]}],
        }
    },
    "runtimeclasses.node.k8s.io": {"handler": "gvisor"},
    "poddisruptionbudgets.policy": {"spec": {"minAvailable": "50%", "selector": SELECTOR}},
    "clusterroles.rbac.authorization.k8s.io": {
        "rules": [*_ROLE_RULES, {"nonResourceURLs": ["/healthz"], "verbs": ["get"]}]
    },
    "roles.rbac.authorization.k8s.io": {
        "metadata": {"name": "system:reader"},
        "rules": _ROLE_RULES,
    },
    "clusterrolebindings.rbac.authorization.k8s.io": {
        "roleRef": {"kind": "ClusterRole", "name": "reader"},
        "subjects": [{"kind": "Group", "name": "learners"}],
    },
    "rolebindings.rbac.authorization.k8s.io": {
        "roleRef": {"kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "web"}, {"kind": "User", "name": "ada"}],
    },
    "apiservices.apiregistration.k8s.io": {
        "metadata": {"name": "v1.example.com"},
        "spec": {
            "group": "example.com", "version": "v1", "groupPriorityMinimum": 1000,
            "versionPriority": 15, "insecureSkipTLSVerify": True,
            "service": {"name": "web", "namespace": "default"},
        },
    },
    "priorityclasses.scheduling.k8s.io": {"value": 1000},
    "csidrivers.storage.k8s.io": {"spec": {}},
    "csinodes.storage.k8s.io": {
        "spec": {
            "drivers": [
                {"name": "disk.example.com", "nodeID": "n1", "topologyKeys": ["example.com/zone"],
                 "allocatable": {"count": 8}},
            ]
        }
    },
    "csistoragecapacities.storage.k8s.io": {"storageClassName": "fast", "capacity": "1Gi"},
    "storageclasses.storage.k8s.io": {"provisioner": "example.com/disk"},
    "volumeattachments.storage.k8s.io": {
        "spec": {
            "attacher": "example.com",
            "nodeName": "one",
            "source": {"persistentVolumeName": "v"},
        }
    },
    "volumeattributesclasses.storage.k8s.io": {
        "driverName": "disk.example.com", "parameters": {"iops": "100"},
    },
}  # fmt: skip
CLUSTER_SCOPED = frozenset(
    {
        "namespaces", "nodes", "persistentvolumes",
        *(name for name in BODIES if name.endswith(".admissionregistration.k8s.io")),
        "customresourcedefinitions.apiextensions.k8s.io",
        "certificatesigningrequests.certificates.k8s.io",
        *(name for name in BODIES if name.startswith("cluster")),
        "apiservices.apiregistration.k8s.io",
        *(name for name in BODIES if ".flowcontrol." in name),
        "ingressclasses.networking.k8s.io", "runtimeclasses.node.k8s.io",
        "priorityclasses.scheduling.k8s.io", "csidrivers.storage.k8s.io",
        "csinodes.storage.k8s.io", "volumeattributesclasses.storage.k8s.io",
        "storageclasses.storage.k8s.io", "volumeattachments.storage.k8s.io",
    }
)  # fmt: skip


def sample(resource: str) -> Object:
    """A new object of this kind, as a client sends it."""
    body = copy.deepcopy(BODIES[resource])
    meta = {"name": "web", "uid": "8e1f", **body.pop("metadata", {})}
    if resource not in CLUSTER_SCOPED:
        meta["namespace"] = "default"
    return {"metadata": meta, **body}
