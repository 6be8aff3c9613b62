"""Two nodes on this machine, run with Ray's Python: prints their address; `kill` on standard input kills the second."""

import sys

from ray.cluster_utils import Cluster

STORE = 300 * 1024 * 1024

cluster = Cluster(
    initialize_head=True,
    head_node_args={"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False},
)
second = cluster.add_node(num_cpus=1, object_store_memory=STORE)
print(f"address {cluster.address}", flush=True)
for line in sys.stdin:
    if line.strip() == "kill":
        cluster.remove_node(second, allow_graceful=False)
        print("killed", flush=True)
cluster.shutdown()
