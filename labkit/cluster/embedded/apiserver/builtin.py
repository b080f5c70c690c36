"""The resources that Kubernetes itself serves, as a table.

A line: plural, kind (a star: not in namespaces), short names, categories, subresources. Verbs are the
usual eight unless a line begins with others. The order of groups is that of discovery.
"""

from __future__ import annotations

TABLE = """
v1
    bindings               Binding                -            -    -                             create
    configmaps             ConfigMap              cm           -    -
    endpoints              Endpoints              ep           -    -
    events                 Event                  ev           -    -
    limitranges            LimitRange             limits       -    -
    namespaces             Namespace*             ns           -    status,finalize               create,delete,get,list,patch,update,watch
    nodes                  Node*                  no           -    status,proxy
    persistentvolumeclaims PersistentVolumeClaim  pvc          -    status
    persistentvolumes      PersistentVolume*      pv           -    status
    pods                   Pod                    po           all  attach,binding,ephemeralcontainers,eviction,exec,log,portforward,proxy,resize,status
    podtemplates           PodTemplate            -            -    -
    replicationcontrollers ReplicationController  rc           all  scale,status
    resourcequotas         ResourceQuota          quota        -    status
    secrets                Secret                 -            -    -
    serviceaccounts        ServiceAccount         sa           -    token
    services               Service                svc          all  proxy,status
apiregistration.k8s.io/v1
    apiservices            APIService*            -            api-extensions status
apps/v1
    controllerrevisions    ControllerRevision     -            -    -
    daemonsets             DaemonSet              ds           all  status
    deployments            Deployment             deploy       all  scale,status
    replicasets            ReplicaSet             rs           all  scale,status
    statefulsets           StatefulSet            sts          all  scale,status
events.k8s.io/v1
    events                 Event                  ev           -    -
authentication.k8s.io/v1
    selfsubjectreviews     SelfSubjectReview*     -            -    -                             create
    tokenreviews           TokenReview*           -            -    -                             create
authorization.k8s.io/v1
    localsubjectaccessreviews LocalSubjectAccessReview -       -    -                             create
    selfsubjectaccessreviews  SelfSubjectAccessReview* -       -    -                             create
    selfsubjectrulesreviews   SelfSubjectRulesReview*  -       -    -                             create
    subjectaccessreviews      SubjectAccessReview*     -       -    -                             create
autoscaling/v2
    horizontalpodautoscalers HorizontalPodAutoscaler hpa       all  status
autoscaling/v1
    horizontalpodautoscalers HorizontalPodAutoscaler hpa       all  status
batch/v1
    cronjobs               CronJob                cj           all  status
    jobs                   Job                    -            all  status
certificates.k8s.io/v1
    certificatesigningrequests CertificateSigningRequest* csr  -    approval,status
networking.k8s.io/v1
    ingressclasses         IngressClass*          -            -    -
    ingresses              Ingress                ing          -    status
    ipaddresses            IPAddress*             ip           -    -
    networkpolicies        NetworkPolicy          netpol       -    -
    servicecidrs           ServiceCIDR*           -            -    status
policy/v1
    poddisruptionbudgets   PodDisruptionBudget    pdb          -    status
rbac.authorization.k8s.io/v1
    clusterrolebindings    ClusterRoleBinding*    -            -    -
    clusterroles           ClusterRole*           -            -    -
    rolebindings           RoleBinding            -            -    -
    roles                  Role                   -            -    -
storage.k8s.io/v1
    csidrivers             CSIDriver*             -            -    -
    csinodes               CSINode*               -            -    -
    csistoragecapacities   CSIStorageCapacity     -            -    -
    storageclasses         StorageClass*          sc           -    -
    volumeattachments      VolumeAttachment*      -            -    status
    volumeattributesclasses VolumeAttributesClass* vac         -    -
admissionregistration.k8s.io/v1
    mutatingadmissionpolicies        MutatingAdmissionPolicy*         - api-extensions -
    mutatingadmissionpolicybindings  MutatingAdmissionPolicyBinding*  - api-extensions -
    mutatingwebhookconfigurations    MutatingWebhookConfiguration*    - api-extensions -
    validatingadmissionpolicies      ValidatingAdmissionPolicy*       - api-extensions status
    validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding* - api-extensions -
    validatingwebhookconfigurations  ValidatingWebhookConfiguration*  - api-extensions -
apiextensions.k8s.io/v1
    customresourcedefinitions CustomResourceDefinition* crd,crds api-extensions status
scheduling.k8s.io/v1
    priorityclasses        PriorityClass*         pc           -    -
coordination.k8s.io/v1
    leases                 Lease                  -            -    -
node.k8s.io/v1
    runtimeclasses         RuntimeClass*          -            -    -
discovery.k8s.io/v1
    endpointslices         EndpointSlice          -            -    -
flowcontrol.apiserver.k8s.io/v1
    flowschemas            FlowSchema*            -            -    status
    prioritylevelconfigurations PriorityLevelConfiguration* -  -    status
"""

USUAL = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")

SUBRESOURCES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "approval": ("", "", "", ("get", "patch", "update")),
    "attach": ("", "v1", "PodAttachOptions", ("create", "get")),
    "binding": ("", "v1", "Binding", ("create",)),
    "ephemeralcontainers": ("", "", "", ("get", "patch", "update")),
    "eviction": ("policy", "v1", "Eviction", ("create",)),
    "exec": ("", "v1", "PodExecOptions", ("create", "get")),
    "finalize": ("", "", "", ("update",)),
    "log": ("", "", "", ("get",)),
    "portforward": ("", "v1", "PodPortForwardOptions", ("create", "get")),
    "proxy": ("", "v1", "*ProxyOptions", ("create", "delete", "get", "patch", "update")),
    "resize": ("", "", "", ("get", "patch", "update")),
    "scale": ("autoscaling", "v1", "Scale", ("get", "patch", "update")),
    "status": ("", "", "", ("get", "patch", "update")),
    "token": ("authentication.k8s.io", "v1", "TokenRequest", ("create",)),
}
"""Group, version and kind of what each takes and gives (empty: those of the resource), and its verbs."""

STORED_AS = {"events.k8s.io/v1/events": "events"}
"""Resources that are another's objects in other words."""
