# Copyright: the perfops authors
# Apache License 2.0 (see LICENSE)
"""Running instances of Oracle's cloud, by its SDK, as plain values.

Every call follows its pages to the end. What cannot be read is an error that names the compartment and the region:
half an inventory would look like a whole one.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager

try:
    import oci
except ImportError:
    oci = None

WAIT = (10, 60)  # seconds to connect, and to read
REMEDIES = {
    401: "check user, fingerprint and key of the profile, and that the region is subscribed",
    404: "allow it by a policy, check the OCID, or name the compartment in exclude_compartments",
    429: "the cloud is busy: try again, or set more retries",
}
SIGN_IN = "sign in with oci setup config, or name another config_file or profile"
NO_INSTANCE = "this controller is no instance of the cloud, or may not sign in as one; set auth: config"


class QueryError(Exception):
    """What went wrong, in words for the user."""


class Access:
    """How to ask: clients by service and region, made when they are needed."""

    def __init__(self, asked, retries):
        self.endpoint = asked["endpoint"]
        if asked["auth"] == "instance_principal":
            with told("cannot sign in to the cloud", NO_INSTANCE):
                signer = self.principal()
            self.config = {"region": signer.region, "tenancy": signer.tenancy_id}
            self.options = {"signer": signer}
        else:
            with told("cannot sign in to the cloud"):
                self.config = oci.config.from_file(asked["config_file"], asked["profile"])
                self.options = {}
                oci.config.validate_config(self.config)
        self.retry = oci.retry.RetryStrategyBuilder(
            max_attempts=retries + 1,
            service_error_check=True,
            service_error_retry_config={429: []},
            service_error_retry_on_any_5xx=True,
            retry_max_wait_between_calls_seconds=5,
        ).get_retry_strategy()
        self.clients = {}

    def principal(self):
        """The signer of the instance that this runs on."""
        federation = {}
        if self.endpoint:
            federation["federation_endpoint"] = self.endpoint.format(service="auth", region="local") + "/v1/x509"
        return oci.auth.signers.InstancePrincipalsSecurityTokenSigner(
            retry_strategy=oci.retry.NoneRetryStrategy(), **federation
        )

    def client(self, kind, service, region):
        """The client of a class for a region."""
        if (kind, region) not in self.clients:
            options = dict(
                self.options,
                timeout=WAIT,
                retry_strategy=self.retry,
                circuit_breaker_strategy=oci.circuit_breaker.NoCircuitBreakerStrategy(),
            )
            if self.endpoint:
                options["service_endpoint"] = self.endpoint.format(service=service, region=region)
            self.clients[kind, region] = kind(dict(self.config, region=region), **options)
        return self.clients[kind, region]

    def compute(self, region):
        """The client for instances."""
        return self.client(oci.core.ComputeClient, "iaas", region)

    def network(self, region):
        """The client for their interfaces."""
        return self.client(oci.core.VirtualNetworkClient, "iaas", region)

    def identity(self):
        """The client for compartments, which are the same in all regions."""
        return self.client(oci.identity.IdentityClient, "identity", self.config["region"])


def every(call, *arguments, **options):
    """All results of a call that lists, from all its pages.

    The SDK's own function for this would wrap the calls into minutes of retries of its own.
    """
    found, page = [], {}
    while True:
        answer = call(*arguments, **options, **page)
        found += answer.data
        if not answer.has_next_page:
            return found
        page = {"page": answer.next_page}


def find(asked, retries):
    """The running instances of all regions and compartments asked for, each as the variables of its host."""
    if oci is None:
        text = "the inventory perfops.perfops.oci needs the oci SDK in {0} (pip install 'perfops[oci]')"
        raise QueryError(text.format(sys.executable))
    access = Access(asked, retries)
    places = compartments(access, asked["compartments"], asked["recursive"], asked["exclude_compartments"])
    regions = asked["regions"] or [access.config["region"]]
    return [
        instance for region in regions for place in places.items() for instance in instances(access, region, *place)
    ]


def compartments(access, wanted, recursive, excluded):
    """Names of the compartments to look into, by OCID."""
    client, found = access.identity(), {}
    for identity in wanted or [access.config["tenancy"]]:
        if not identity.startswith("ocid1."):
            raise QueryError("bad value for compartments: {0} (give its OCID, ocid1.compartment.…)".format(identity))
        with told("cannot read the compartment {0}".format(identity)):
            found[identity] = client.get_compartment(identity).data.name
    waiting = list(found) if recursive else []
    while waiting:
        parent = waiting.pop()
        with told("cannot list the compartments in {0} ({1})".format(found[parent], parent)):
            children = every(client.list_compartments, parent, lifecycle_state="ACTIVE")
        for child in children:
            if child.id not in found and child.id not in excluded:
                found[child.id] = child.name
                waiting.append(child.id)
    return found


def instances(access, region, compartment, name):
    """The running instances of one compartment in one region."""
    place = "of the compartment {0} ({1}) in {2}".format(name, compartment, region)
    with told("cannot list the instances {0}".format(place)):
        running = every(access.compute(region).list_instances, compartment, lifecycle_state="RUNNING")
    if not running:
        return []
    with told("cannot list the interfaces {0}".format(place)):
        attached = {}
        for each in every(access.compute(region).list_vnic_attachments, compartment):
            if each.lifecycle_state == "ATTACHED":
                attached.setdefault(each.instance_id, []).append(each.vnic_id)
    found = []
    for instance in running:
        with told("cannot read the interfaces of {0} ({1}) {2}".format(instance.display_name, instance.id, place)):
            vnics = (access.network(region).get_vnic(vnic).data for vnic in attached.get(instance.id, []))
            vnic = next((each for each in vnics if each.is_primary), None)
        found.append(variables(instance, vnic, region, name))
    return found


def variables(instance, vnic, region, compartment):
    """What a host knows of itself; addresses are None where there is no interface."""
    freeform, defined = instance.freeform_tags or {}, instance.defined_tags or {}
    spaces = ((space + "." + key, value) for space, tags in defined.items() for key, value in tags.items())
    shape = instance.shape_config
    return {
        "oci_id": instance.id,
        "oci_display_name": instance.display_name,
        "oci_region": region,  # the instance itself has the region's short name in the older ones
        "oci_availability_domain": instance.availability_domain,
        "oci_fault_domain": instance.fault_domain,
        "oci_shape": instance.shape,
        "oci_ocpus": shape and shape.ocpus,
        "oci_memory_gb": shape and shape.memory_in_gbs,
        "oci_compartment": compartment,
        "oci_compartment_id": instance.compartment_id,
        "oci_image_id": instance.image_id,
        "oci_time_created": instance.time_created and instance.time_created.isoformat(),
        "oci_hostname_label": vnic and vnic.hostname_label,
        "oci_private_ip": vnic and vnic.private_ip,
        "oci_public_ip": vnic and vnic.public_ip,
        "oci_subnet_id": vnic and vnic.subnet_id,
        "oci_freeform_tags": freeform,
        "oci_defined_tags": defined,
        "oci_tags": dict(spaces, **freeform),
    }


@contextmanager
def told(what, remedy=SIGN_IN):
    """Turn what the SDK raises into words, with what was tried and a remedy."""
    try:
        yield
    except oci.exceptions.ServiceError as problem:
        text = "{0}: {1} {2}: {3} ({4})".format(
            what, problem.status, problem.code, problem.message, REMEDIES.get(problem.status, "try again")
        )
        raise QueryError(text) from problem
    except (oci.exceptions.RequestException, oci.exceptions.ConnectTimeout) as problem:
        raise QueryError(
            "{0}: no answer: {1} (check the network and the region's name)".format(what, problem)
        ) from problem
    except (oci.exceptions.ClientError, ValueError, RuntimeError, OSError) as problem:
        raise QueryError("{0}: {1} ({2})".format(what, problem, remedy)) from problem
