"""Clusters and servers: `ClusterSpec`, and `Server`s that serve the sessions of this process."""

from __future__ import annotations

import itertools
from typing import Any

from ...errors import UnimplementedError
from ...runtime import servers

_free_ports = itertools.count(49152)


class ClusterSpec:
    """The tasks of a cluster: for each job, the network addresses of its tasks.

    `cluster` is a dict from jobs to lists of addresses, or to dicts from indices to addresses; a
    ClusterDef; or a ClusterSpec. Raises TypeError for anything else.
    """

    def __init__(self, cluster: Any) -> None:
        from ...formats import messages

        if isinstance(cluster, ClusterSpec):
            cluster = cluster.as_cluster_def()
        if isinstance(cluster, messages.ClusterDef):
            self._tasks = {job.name: dict(job.tasks) for job in cluster.job}
        elif isinstance(cluster, dict):
            self._tasks = {_text(job): _tasks_of(job, tasks) for job, tasks in cluster.items()}
        else:
            raise TypeError(
                "`cluster` must be a dictionary mapping one or more job names to lists of network "
                "addresses, or a `ClusterDef` protocol buffer"
            )

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def __eq__(self, other: object) -> bool:
        return self._tasks == (other._tasks if isinstance(other, ClusterSpec) else other)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        items = sorted(self.as_dict().items())
        return "ClusterSpec({" + ", ".join(f"{job!r}: {tasks!r}" for job, tasks in items) + "})"

    def as_dict(self) -> dict[str, Any]:
        """For each job the list of its addresses, or a dict if indices are left out."""
        return {
            job: self.job_tasks(job)
            if sorted(tasks) == list(range(len(tasks))) and tasks
            else tasks
            for job, tasks in self._tasks.items()
        }

    def as_cluster_def(self) -> Any:
        """The cluster as a ClusterDef."""
        from ...formats import messages

        proto = messages.ClusterDef()
        for name, tasks in sorted(self._tasks.items()):
            job = proto.job.add(name=name)
            for index, address in sorted(tasks.items()):
                job.tasks[index] = address
        return proto

    @property
    def jobs(self) -> list[str]:
        """The names of the jobs."""
        return list(self._tasks)

    def _job(self, job_name: str) -> dict[int, str]:
        if job_name not in self._tasks:
            raise ValueError(f"No such job in cluster: {job_name!r}")
        return self._tasks[job_name]

    def num_tasks(self, job_name: str) -> int:
        """How many tasks a job has; ValueError if there is no such job."""
        return len(self._job(job_name))

    def task_indices(self, job_name: str) -> list[int]:
        """The indices of a job's tasks, in order; ValueError if there is no such job."""
        return sorted(self._job(job_name))

    def task_address(self, job_name: str, task_index: int) -> str:
        """The address of a task; ValueError if there is no such job or task."""
        tasks = self._job(job_name)
        if task_index not in tasks:
            raise ValueError(f"No task with index {task_index!r} in job {job_name!r}")
        return tasks[task_index]

    def job_tasks(self, job_name: str) -> list[str | None]:
        """The addresses of a job's tasks, None where an index is left out."""
        tasks = self._job(job_name)
        return [tasks.get(i) for i in range(max(tasks, default=-1) + 1)]


def _text(name: Any) -> str:
    if isinstance(name, bytes):
        return name.decode()
    if not isinstance(name, str):
        raise TypeError(f"Job name {name!r} must be bytes or unicode")
    return name


def _tasks_of(job: Any, tasks: Any) -> dict[int, str]:
    if isinstance(tasks, (list, tuple)):
        tasks = dict(enumerate(tasks))
    if not isinstance(tasks, dict):
        raise TypeError(
            f"The tasks for job {job!r} must be a list or a dictionary from integers to strings."
        )
    for address in tasks.values():
        if not isinstance(address, (str, bytes)):
            raise TypeError(f"Task address {address!r} must be bytes or unicode")
    return {
        i: address if isinstance(address, str) else address.decode() for i, address in tasks.items()
    }


class Server:
    """A server of this process: `tf.Session(server.target)` uses the variables of its cluster.

    All servers of a cluster have to be of one process: nothing is sent over the network, and no
    other process can connect. Arguments left out follow from the ServerDef, or from a cluster of
    one job or task. Raises TypeError and ValueError where they do not.
    """

    def __init__(
        self,
        server_or_cluster_def: Any,
        job_name: str | None = None,
        task_index: int | None = None,
        protocol: str | None = None,
        config: Any = None,
        start: bool = True,
    ) -> None:
        self._server_def = _server_def(
            server_or_cluster_def, job_name, task_index, protocol, config
        )
        cluster = ClusterSpec(self._server_def.cluster)
        own = cluster.task_address(self._server_def.job_name, self._server_def.task_index)
        if own.endswith(":0"):
            own = f"{own[:-1]}{next(_free_ports)}"
        self._target = f"{self._server_def.protocol}://{own}"
        if start:
            self.start()

    def start(self) -> None:
        """Lets sessions use the server."""
        cluster = ClusterSpec(self._server_def.cluster)
        others = [
            f"{self._server_def.protocol}://{cluster.task_address(job, i)}"
            for job in cluster.jobs
            for i in cluster.task_indices(job)
        ]
        servers.add([self._target, *(t for t in others if not t.endswith(":0"))])

    def join(self) -> None:
        """Raises UnimplementedError: a server that waits for other processes is not supported."""
        raise UnimplementedError(
            None,
            None,
            "tf.train.Server.join is not supported: servers serve the sessions of their own "
            "process. Run the workers as threads of one process, or train without servers.",
        )

    @property
    def server_def(self) -> Any:
        """What the server was made of, as a ServerDef."""
        return self._server_def

    @property
    def target(self) -> str:
        """What to give to `tf.Session` to use the server."""
        return self._target

    @staticmethod
    def create_local_server(config: Any = None, start: bool = True) -> Server:
        """A server of a cluster of its own, of one task in the job "local"."""
        return Server({"local": ["localhost:0"]}, protocol="grpc", config=config, start=start)


def _server_def(given: Any, job: Any, task: Any, protocol: Any, config: Any) -> Any:
    from ...formats import messages

    proto = messages.ServerDef()
    if isinstance(given, messages.ServerDef):
        proto.CopyFrom(given)
        proto.job_name = given.job_name if job is None else job
        proto.task_index = given.task_index if task is None else task
        proto.protocol = given.protocol if protocol is None else protocol
    else:
        cluster = _cluster_of(given)
        proto.cluster.CopyFrom(cluster.as_cluster_def())
        proto.job_name = _only(cluster.jobs, "job_name") if job is None else job
        indices = cluster.task_indices(proto.job_name)
        proto.task_index = _only(indices, "task_index") if task is None else task
        proto.protocol = "grpc" if protocol is None else protocol
    if config is not None:
        proto.default_session_config.MergeFrom(config)
    return proto


def _cluster_of(given: Any) -> ClusterSpec:
    try:
        return ClusterSpec(given)
    except TypeError:
        raise TypeError(
            "Could not convert `server_or_cluster_def` to a `tf.train.ServerDef` or "
            "`tf.train.ClusterSpec`."
        ) from None


def _only(choices: Any, argument: str) -> Any:
    if len(choices) != 1:
        raise ValueError(f"Must specify an explicit `{argument}`.")
    return choices[0]


def create_local_cluster(
    num_workers: int,
    num_ps: int,
    protocol: str = "grpc",
    worker_config: Any = None,
    ps_config: Any = None,
) -> tuple[list[Server], list[Server]]:
    """Started servers of one cluster in this process: the jobs "worker" and "ps"."""
    counts, configs = (
        {"worker": num_workers, "ps": num_ps},
        {"worker": worker_config, "ps": ps_config},
    )
    cluster = ClusterSpec(
        {job: [f"localhost:{next(_free_ports)}" for _ in range(n)] for job, n in counts.items()}
    )
    started = {
        job: [Server(cluster, job, i, protocol, configs[job]) for i in range(n)]
        for job, n in counts.items()
    }
    return started["worker"], started["ps"]
