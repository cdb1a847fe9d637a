# Copyright: the perfops authors
# Apache License 2.0 (see LICENSE)
"""The running instances of Oracle's cloud as an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: oci
short_description: The running instances of Oracle Cloud Infrastructure
version_added: 0.1.0
author: The perfops authors (@perfops)
description:
  - Asks the cloud for the instances of compartments and regions, and takes those that run.
  - The whole answer or an error. Where one compartment of one region cannot be read there is no inventory, and the
    error names it; so it is where nothing runs at all, unless O(allow_empty=true).
  - Ansible by itself takes a source that fails for an empty one. Have C(any_unparsed_is_failed = true) in the section
    C([inventory]) of C(ansible.cfg), as that of perfops has.
  - The source is a file whose name ends in C(oci.yml) or C(oci.yaml).
requirements:
  - The SDK C(oci) in the Python that runs Ansible (C(pip install 'perfops[oci]')).
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Marks the file as a source of this plugin.
    type: str
    required: true
    choices: [perfops.perfops.oci]
  auth:
    description:
      - V(config) signs with the key of a profile in O(config_file).
      - V(instance_principal) is for a controller that is an instance of this cloud itself, with a policy that lets it
        read.
    type: str
    choices: [config, instance_principal]
    default: config
  config_file:
    description: The configuration file of Oracle's SDK and command line.
    type: path
    default: ~/.oci/config
    env:
      - name: OCI_CONFIG_FILE
  profile:
    description: The profile in it.
    type: str
    default: DEFAULT
    env:
      - name: OCI_CLI_PROFILE
  regions:
    description: Names of regions, such as V(eu-frankfurt-1); by default that of the profile, or of the instance.
    type: list
    elements: str
    default: []
    env:
      - name: OCI_REGIONS
  compartments:
    description: OCIDs of compartments; by default the root compartment of the tenancy.
    type: list
    elements: str
    default: []
    env:
      - name: OCI_COMPARTMENTS
  recursive:
    description: Whether to look into the compartments within these, too.
    type: bool
    default: false
  exclude_compartments:
    description: OCIDs of compartments that O(recursive) leaves out, with what is in them.
    type: list
    elements: str
    default: []
  hostnames:
    description:
      - What to call a host, the first of these that an instance has. It is the collector's name in the database.
      - Whatever is neither letter, digit, dot, dash nor underscore becomes a dash. Two hosts of one name are an error.
    type: list
    elements: str
    choices: [display_name, hostname_label, private_ip, public_ip, id]
    default: [display_name]
  address:
    description:
      - Which address of the first interface goes into C(ansible_host).
      - V(any) is the public one where there is one, else the private one. An instance without the address is an error.
    type: str
    choices: [private, public, any]
    default: any
  allow_empty:
    description: Whether no running instance at all is an inventory.
    type: bool
    default: false
  retries:
    description: How often a call is made again when the cloud is busy or the connection fails.
    type: int
    default: 3
  endpoint:
    description:
      - Address of a gateway to ask in place of the cloud, such as V(https://gateway.example/{region}/{service}).
      - C({region}) and C({service}), one of C(iaas), C(identity) and C(auth), are filled in.
    type: str
    default: ""
notes:
  - The policy it needs is C(allow group G to read instance-family in compartment C), C(to read virtual-network-family)
    and C(to inspect compartments).
  - Every host has C(oci_id), C(oci_display_name), C(oci_region), C(oci_availability_domain), C(oci_fault_domain),
    C(oci_shape), C(oci_ocpus), C(oci_memory_gb), C(oci_compartment), C(oci_compartment_id), C(oci_image_id),
    C(oci_time_created), C(oci_hostname_label), C(oci_private_ip), C(oci_public_ip), C(oci_subnet_id),
    C(oci_freeform_tags), C(oci_defined_tags), and C(oci_tags), which has all tags, the defined ones as
    C(namespace.key).
"""

EXAMPLES = r"""
# oci.yml: what runs in one compartment of the profile's region
plugin: perfops.perfops.oci
compartments: [ocid1.compartment.oc1..aaaaaaaaexample]

---
# two regions, with all compartments within; groups by tags and places; region and shape as labels of collections
plugin: perfops.perfops.oci
profile: BENCHMARK
regions: [eu-frankfurt-1, us-ashburn-1]
compartments: [ocid1.compartment.oc1..aaaaaaaaexample]
recursive: true
address: private
hostnames: [hostname_label, display_name]
strict: true
compose:
  cloud_labels: "{'region': oci_region, 'shape': oci_shape}"
groups:
  large: oci_ocpus >= 8
keyed_groups:
  - {prefix: tag, key: oci_tags}
  - {prefix: region, key: oci_region}
  - {prefix: shape, key: oci_shape}
  - {prefix: compartment, key: oci_compartment}
  - {prefix: ad, key: oci_availability_domain}
  - {prefix: fd, key: oci_fault_domain}

---
# from an instance of the cloud itself, asked once in an hour
plugin: perfops.perfops.oci
auth: instance_principal
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/perfops/oci
cache_timeout: 3600
"""

import re

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.perfops.perfops.plugins.plugin_utils import oci_instances

ASKED = ("auth", "config_file", "profile", "regions", "compartments", "recursive", "exclude_compartments", "endpoint")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Hosts of a source file."""

    NAME = "perfops.perfops.oci"

    def verify_file(self, path):
        """Whether a file may be such a source."""
        return super().verify_file(path) and path.endswith(("oci.yml", "oci.yaml"))

    def parse(self, inventory, loader, path, cache=True):
        """Fill the inventory; AnsibleParserError where the answer is not whole."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            names = self.named(self.instances(path, cache))
        except oci_instances.QueryError as problem:
            raise AnsibleParserError(str(problem)) from problem
        if not names and not self.get_option("allow_empty"):
            raise AnsibleParserError(self.nothing())
        for name, instance in names.items():
            self.add(name, instance)

    def instances(self, path, cache):
        """The instances, from the cache where that has the answer to the same question."""
        self.load_cache_plugin()
        key = self.get_cache_key(path)
        asked = {name: self.get_option(name) for name in ASKED}
        if cache and self.get_option("cache"):
            known = self._cache.get(key, {})
            if known.get("asked") == asked:
                return known["instances"]
        found = oci_instances.find(asked, self.get_option("retries"))
        if self.get_option("cache"):
            self._cache[key] = {"asked": asked, "instances": found}
        return found

    def nothing(self):
        """What to say where nothing runs."""
        places = self.get_option("compartments") or ["the root compartment"]
        regions = self.get_option("regions") or ["the profile's region"]
        text = "no instance runs in {0} of {1} (look at compartments, recursive and regions, or set allow_empty: true)"
        return text.format(", ".join(places), ", ".join(regions))

    def named(self, instances):
        """The instances by the names of their hosts; QueryError where two have the same."""
        found = {}
        for instance in instances:
            known = (instance.get("oci_" + name) for name in self.get_option("hostnames"))
            text = next(filter(None, known), None)
            if text is None:
                problem = "the instance {0} has none of hostnames: {1} (add id to them)"
                wanted = ", ".join(self.get_option("hostnames"))
                raise oci_instances.QueryError(problem.format(instance["oci_id"], wanted))
            name = re.sub(r"[^A-Za-z0-9._-]", "-", text)
            if name in found:
                problem = (
                    "two instances are called {0}: {1} and {2} (rename one, or set hostnames: [private_ip] or [id])"
                )
                raise oci_instances.QueryError(problem.format(name, found[name]["oci_id"], instance["oci_id"]))
            found[name] = instance
        return found

    def add(self, name, instance):
        """One host with its variables, and its groups; QueryError where it cannot be reached as was asked."""
        self.inventory.add_host(name)
        wanted = self.get_option("address")
        addresses = {kind: instance["oci_{0}_ip".format(kind)] for kind in ("public", "private")}
        addresses["any"] = addresses["public"] or addresses["private"]
        if not addresses[wanted]:
            raise AnsibleParserError(
                "the instance {0} ({1}) has no {2} address (set address: any)".format(name, instance["oci_id"], wanted)
            )
        for variable, value in [("ansible_host", addresses[wanted]), *instance.items()]:
            self.inventory.set_variable(name, variable, value)
        known = self.inventory.get_host(name).get_vars()
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), known, name, strict=strict)
        known = self.inventory.get_host(name).get_vars()
        self._add_host_to_composed_groups(self.get_option("groups"), known, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, name, strict=strict)
