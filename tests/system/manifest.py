#!/usr/bin/python3
"""manifest.py FILE: holds a Kubernetes manifest against Kubernetes' own schema.

The schema is the one that Kubernetes publishes of its API (OpenAPI), as it is
in python3-kubernetes: which fields each object has, which of them must be there,
and of which type each is. What that schema has only in words is here: the values
of enumerations, quantities, and names that must be found in another place of the
file. Prints what is wrong, or the command of the only container, a word a line.
"""

import re
import sys

import yaml
from kubernetes.client import models

KINDS = {
    ("v1", "PersistentVolumeClaim"): "V1PersistentVolumeClaim",
    ("v1", "Service"): "V1Service",
    ("apps/v1", "Deployment"): "V1Deployment",
    ("policy/v1", "PodDisruptionBudget"): "V1PodDisruptionBudget",
    ("networking.k8s.io/v1", "NetworkPolicy"): "V1NetworkPolicy",
}
# Every string that looks like such a value must be one, so that no new field
# goes unchecked.
ENUMERATIONS = {
    "accessModes": {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce"},
    "drop": {"ALL"},
    "externalTrafficPolicy": {"Cluster", "Local"},
    "imagePullPolicy": {"Always", "IfNotPresent", "Never"},
    "kind": {kind for _, kind in KINDS},
    "policyTypes": {"Ingress", "Egress"},
    "type": {"LoadBalancer", "RollingUpdate", "RuntimeDefault"},
    "whenUnsatisfiable": {"DoNotSchedule", "ScheduleAnyway"},
}
QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|[kMGTPE]|[KMGTPE]i)?")
DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")

faults = []


def fault(where, what):
    faults.append(f"{where}: {what}")


def check_plain(value, kind, where):
    # bool is an int for Python, not for Kubernetes
    types = {"str": str, "int": int, "bool": bool, "object": (int, str)}
    if not isinstance(value, types[kind]) or (
        isinstance(value, bool) and kind != "bool"
    ):
        fault(where, f"{value!r} is no {kind}")
    key = where.split(".")[-1].split("[")[0]
    if not isinstance(value, str):
        return
    if key in ENUMERATIONS:
        if value not in ENUMERATIONS[key]:
            fault(where, f"{value!r} is none of {sorted(ENUMERATIONS[key])}")
    elif re.fullmatch("[A-Z]+[A-Za-z]*", value):
        fault(where, f"{value!r}: what else may be here is not known")


def check(value, kind, where):
    if kind.startswith("list["):
        if not isinstance(value, list) or not value:
            return fault(where, "is no list")
        for number, item in enumerate(value):
            check(item, kind[5:-1], f"{where}[{number}]")
    elif kind.startswith("dict("):
        if not isinstance(value, dict):
            return fault(where, "is no map")
        for key, item in value.items():
            check(item, kind[5:-1].split(", ")[1], f"{where}.{key}")
            if ".resources." in where and not QUANTITY.fullmatch(str(item)):
                fault(f"{where}.{key}", f"{item!r} is no quantity")
    elif hasattr(models, kind):
        check_object(value, getattr(models, kind), where)
    else:
        check_plain(value, kind, where)


def check_object(value, model, where):
    if not isinstance(value, dict):
        return fault(where, f"is no {model.__name__}")
    names = {name: attribute for attribute, name in model.attribute_map.items()}
    for name, item in value.items():
        if name not in names:
            fault(where, f"{model.__name__} has no {name!r}")
        else:
            check(item, model.openapi_types[names[name]], f"{where}.{name}")
    try:  # The constructor refuses when something is missing.
        model(**{names[name]: item for name, item in value.items() if name in names})
    except ValueError as error:
        fault(where, error)
    if model is models.V1ObjectMeta and not DNS_NAME.fullmatch(value.get("name", "x")):
        fault(where, "is no name of DNS")


def check_names(objects):
    """What one part of the file says of another."""
    deployment, pod = objects["Deployment"], objects["Deployment"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    labels = pod["metadata"]["labels"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    service = objects["Service"]["spec"]
    policy = objects["NetworkPolicy"]["spec"]
    for selector in (
        deployment["spec"]["selector"]["matchLabels"],
        pod["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
        service["selector"],
        objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        policy["podSelector"]["matchLabels"],
    ):
        if not selector.items() <= labels.items():
            fault("selector", f"{selector} does not select {labels}")
    named = [port["targetPort"] for port in service["ports"]]
    named += [port["port"] for rule in policy["ingress"] for port in rule["ports"]]
    for probe in ("readinessProbe", "livenessProbe"):
        named.append(container[probe]["httpGet"]["port"])
    if set(named) != set(ports):
        fault("ports", f"{sorted(set(named))} are used, and there are {sorted(ports)}")
    if container["livenessProbe"]["httpGet"]["path"] == "/healthz":
        fault("livenessProbe", "/healthz fails while flvd drains, which would kill it")
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    if mounts != {volume["name"] for volume in pod["spec"]["volumes"]}:
        fault("volumes", "are not those that are mounted")
    if not all(mount.get("readOnly") for mount in container["volumeMounts"]):
        fault("volumeMounts", "one can be written to")
    claim = objects["PersistentVolumeClaim"]["metadata"]["name"]
    if pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] != claim:
        fault("volumes", f"there is no claim but {claim}")
    check_options(container, pod["spec"], ports)


def check_options(container, pod, ports):
    """What flvd is told fits what Kubernetes is told."""
    options = dict(
        word[2:].split("=", 1) for word in container["args"] if word.startswith("--")
    )
    operands = [word for word in container["args"] if not word.startswith("--")]
    paths = operands + [options["token-file"]]
    for name, option in (("rtmp", "listen"), ("status", "status")):
        if int(options[option].split(":")[-1]) != ports[name]:
            fault("ports", f"--{option} {options[option]} is not {ports[name]}")
    for path in paths:
        if not any(
            f"{path}/".startswith(f"{mount['mountPath']}/")
            for mount in container["volumeMounts"]
        ):
            fault("volumeMounts", f"{path} is in none")
    stop = container["lifecycle"]["preStop"]["exec"]["command"][1]
    # "and exit, after 5 seconds more at the most": flvd(1)
    if pod["terminationGracePeriodSeconds"] < int(stop) + int(options["drain"]) + 5:
        fault("terminationGracePeriodSeconds", "flvd would be killed while it drains")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        documents = list(yaml.safe_load_all(file))
    objects = {}
    for document in documents:
        kind = (document.get("apiVersion"), document.get("kind"))
        if kind not in KINDS or kind[1] in objects:
            fault(kind, "is not known here, or there twice")
            continue
        objects[kind[1]] = document
        check(document, KINDS[kind], kind[1])
    if not faults and len(objects) != len(KINDS):
        fault(sys.argv[1], f"there are only {sorted(objects)}")
    if not faults:
        check_names(objects)
    if faults:
        sys.exit("\n".join(faults))
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    print("\n".join(pod["containers"][0]["args"]))


main()
