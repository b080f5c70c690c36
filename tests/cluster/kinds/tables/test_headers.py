"""The columns of every table, as Kubernetes 1.36 defines them, in one line each."""

from __future__ import annotations

from labkit.cluster.embedded.apiserver.kinds.tables import TABLES, Column

SIGNS = {"string": "", "integer": "#", "boolean": "?", "date": "@"}
"""After a name: a number, a truth value, a date. A star is a wide column, a tilde the name's."""

TEMPLATE = "Containers* Images*"
REPLICAS = f"Name~ Desired# Current# Ready# Age {TEMPLATE} Selector*"
BINDING = "Name~ Role Age Users* Groups* ServiceAccounts*"
POLICY_BINDING = "Name~ PolicyName ParamRef Age"
EVENT = "Last_Seen Type Reason Object Subobject* Source* Message First_Seen* Count* Name~*"

HEADERS = {
    "pods": "Name~ Ready Status Restarts Age IP* Node* Nominated_Node* Readiness_Gates*",
    "podtemplates": "Name~ Containers Images Pod_Labels",
    "deployments.apps": f"Name~ Ready Up-to-date Available Age {TEMPLATE} Selector*",
    "replicasets.apps": REPLICAS,
    "replicationcontrollers": REPLICAS,
    "statefulsets.apps": f"Name~ Ready Age {TEMPLATE}",
    "daemonsets.apps": "Name~ Desired# Current# Ready# Up-to-date# Available# Node_Selector Age"
    f" {TEMPLATE} Selector*",
    "controllerrevisions.apps": "Name~ Controller Revision Age",
    "jobs.batch": f"Name~ Status Completions Duration Age {TEMPLATE} Selector*",
    "cronjobs.batch": "Name~ Schedule Timezone Suspend? Active# Last_Schedule Age"
    f" {TEMPLATE} Selector*",
    "scales.autoscaling": "Name Desired# Available# Age",
    "scales": "Name Desired# Available# Age",
    "horizontalpodautoscalers.autoscaling": "Name~ Reference Targets MinPods MaxPods Replicas Age",
    "poddisruptionbudgets.policy": "Name~ Min_Available Max_Unavailable Allowed_Disruptions# Age",
    "services": "Name~ Type Cluster-IP External-IP Port(s) Age Selector*",
    "endpoints": "Name~ Endpoints Age",
    "endpointslices.discovery.k8s.io": "Name~ AddressType Ports Endpoints Age",
    "ingresses.networking.k8s.io": "Name~ Class Hosts Address Ports Age",
    "ingressclasses.networking.k8s.io": "Name~ Controller Parameters Age",
    "networkpolicies.networking.k8s.io": "Name~ Pod-Selector Age",
    "servicecidrs.networking.k8s.io": "Name~ CIDRs Age",
    "ipaddresses.networking.k8s.io": "Name~ ParentRef",
    "persistentvolumes": "Name~ Capacity Access_Modes Reclaim_Policy Status Claim StorageClass"
    " VolumeAttributesClass Reason Age VolumeMode*",
    "persistentvolumeclaims": "Name~ Status Volume Capacity Access_Modes StorageClass"
    " VolumeAttributesClass Age VolumeMode*",
    "storageclasses.storage.k8s.io": "Name~ Provisioner ReclaimPolicy VolumeBindingMode"
    " AllowVolumeExpansion Age",
    "volumeattributesclasses.storage.k8s.io": "Name~ DriverName Age",
    "volumeattachments.storage.k8s.io": "Name~ Attacher~ PV Node Attached? Age",
    "csinodes.storage.k8s.io": "Name~ Drivers# Age",
    "csidrivers.storage.k8s.io": "Name~ AttachRequired? PodInfoOnMount? StorageCapacity?"
    " TokenRequests RequiresRepublish? Modes Age",
    "csistoragecapacities.storage.k8s.io": "Name~ StorageClassName Capacity",
    "nodes": "Name~ Status Roles Age Version Internal-IP* External-IP* OS-Image* Kernel-Version*"
    " Container-Runtime*",
    "namespaces": "Name~ Status Age",
    "events": EVENT,
    "events.events.k8s.io": EVENT,
    "componentstatuses": "Name~ Status Message Error",
    "leases.coordination.k8s.io": "Name~ Holder Age",
    "leasecandidates.coordination.k8s.io": "Name~ LeaseName BinaryVersion EmulationVersion Age",
    "resourcequotas": "Name~ Request Limit Age",
    "priorityclasses.scheduling.k8s.io": "Name~ Value# Global-Default? Age PreemptionPolicy",
    "runtimeclasses.node.k8s.io": "Name~ Handler Age",
    "configmaps": "Name~ Data Age",
    "secrets": "Name~ Type Data Age",
    "serviceaccounts": "Name~ Secrets Age",
    "rolebindings.rbac.authorization.k8s.io": BINDING,
    "clusterrolebindings.rbac.authorization.k8s.io": BINDING,
    "certificatesigningrequests.certificates.k8s.io": "Name~ Age SignerName Requestor"
    " RequestedDuration Condition",
    "clustertrustbundles.certificates.k8s.io": "Name~ SignerName",
    "podcertificaterequests.certificates.k8s.io": "Name~ PodName ServiceAccountName NodeName"
    " SignerName State UnverifiedUserAnnotations",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": "Name~ Webhooks# Age",
    "validatingwebhookconfigurations.admissionregistration.k8s.io": "Name~ Webhooks# Age",
    "validatingadmissionpolicies.admissionregistration.k8s.io": "Name~ Validations# ParamKind Age",
    "mutatingadmissionpolicies.admissionregistration.k8s.io": "Name~ Mutations# ParamKind Age",
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": POLICY_BINDING,
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": POLICY_BINDING,
    "apiservices.apiregistration.k8s.io": "Name~ Service Available Age",
    "flowschemas.flowcontrol.apiserver.k8s.io": "Name~ PriorityLevel MatchingPrecedence"
    " DistinguisherMethod Age MissingPL",
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": "Name~ Type"
    " NominalConcurrencyShares Queues HandSize QueueLengthLimit Age",
    "storageversions.internal.apiserver.k8s.io": "Name~ CommonEncodingVersion StorageVersions Age",
    "storageversionmigrations.storagemigration.k8s.io": "Name Resource Status",
    "deviceclasses.resource.k8s.io": "Name~ Age",
    "resourceclaims.resource.k8s.io": "Name~ State Age",
    "resourceclaimtemplates.resource.k8s.io": "Name~ Age",
    "resourceslices.resource.k8s.io": "Name~ Node Driver Pool Age",
    "devicetaintrules.resource.k8s.io": "Name~ Key Value Effect TimeAdded Age",
    "resourcepoolstatusrequests.resource.k8s.io": "Name~ Driver Total Available Allocated"
    " Unavailable Errors Pools# Status Completed",
    "workloads.scheduling.k8s.io": "Name~ Age",
    "podgroups.scheduling.k8s.io": "Name~ Policy Workload Status Age",
}  # fmt: skip


def sign(column: Column) -> str:
    """A column in a word: its name, and what it is."""
    name = column.name.replace(" ", "_")
    is_name = "~" if column.format == "name" else ""
    return f"{name}{SIGNS[column.type]}{is_name}{'*' * column.priority}"


def test_every_table_has_the_columns_of_kubernetes() -> None:
    found = {resource: " ".join(map(sign, table.columns)) for resource, table in TABLES.items()}
    assert found == HEADERS
