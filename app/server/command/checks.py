"""Checks of `python -m app doctor`: whether a service with these settings can start on this machine."""

import os
import resource
import shlex
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Literal, NamedTuple

from app.bundle_folders import missing_bundle
from app.classifier import Bundle, BundleError, ClassifierError, TopicClassifier, load_classifier
from app.cli.standard_streams import stop_held_back
from app.server.command.metrics_folder import is_needed, metrics_folder
from app.server.command.options import ServeOptions
from app.server.sockets import ListenError, listeners
from app.serving.loading import ensure_different_names
from app.settings import Settings, SettingsError
from app.telemetry.prometheus import METRICS_FILES_BYTES, MULTIPROC_DIR

Status = Literal["ok", "warn", "fail"]


class Check(NamedTuple):
    """Result of one check; only `fail` keeps the service from starting."""

    name: str
    status: Status
    detail: str


def checks(chosen: ServeOptions) -> Iterator[Check]:
    """Run all checks, the cheap ones first; the bundle is loaded and its golden headlines are classified."""
    settings = chosen.settings
    yield _port("port", chosen.host, chosen.port, settings.workers)
    if settings.metrics_port is not None:
        yield _port("metrics port", chosen.host, settings.metrics_port)
    if is_needed(settings) and not any(sentence.startswith(MULTIPROC_DIR) for sentence in chosen.wrong):
        yield _metrics_folder(settings.workers)
    if settings.api_keys_file is not None:
        yield _key_file(settings.api_keys_file)
    yield _cores(settings)
    yield _files()
    folders = [("bundle", folder) for folder in settings.model]
    folders += [("shadow", settings.shadow)] if settings.shadow is not None else []
    # `read_options` has already reported folders that are not bundles.
    classifiers: list[TopicClassifier] = []  # all stay loaded, because the last check measures their memory
    for name, folder in folders:
        if missing_bundle(folder) is None:
            check, classifier = _bundle(name, folder, settings)
            yield check
            if classifier is not None:
                classifiers.append(classifier)
    if len(classifiers) < len(folders):
        yield Check("memory", "warn", "not checked, because a bundle cannot be loaded")
        return
    bundles = [classifier.bundle for classifier in classifiers]
    if settings.shadow is not None and bundles[-1].digest == bundles[0].digest:
        yield Check("shadow", "warn", "is the same bundle as the model that answers, so both always agree")
    if len(settings.model) > 1:
        yield (names := _names(bundles[: len(settings.model)]))
        if names.status == "fail":
            yield Check("memory", "warn", "not checked, because the models cannot be loaded together")
            return
    yield _memory(settings)


def _port(name: str, host: str, port: int, workers: int = 1) -> Check:
    if port < 0:
        return Check(name, "fail", "not checked, because the number is invalid")
    try:
        opened = listeners(host, port, workers)
    except ListenError as error:
        return Check(name, "fail", str(error).removesuffix("."))
    for sockets in opened:
        for listener in sockets:
            listener.close()
    return Check(name, "ok", f"{host}:{port} is free" if port else f"{host} has a free port")


def _metrics_folder(workers: int) -> Check:
    """A folder that the variable names is known to be writable: `read_options` has checked it."""
    given = os.environ.get(MULTIPROC_DIR)
    size = workers * METRICS_FILES_BYTES
    try:
        with metrics_folder(needed=True):
            folder = Path(os.environ[MULTIPROC_DIR])
            with TemporaryFile(dir=folder) as file:  # only a write shows that there is room for the workers' files
                file.write(bytes(size))
            place = given or f"a temporary folder in {folder.parent}"
    except SettingsError as error:
        return Check("metrics folder", "fail", str(error).removesuffix("."))
    except OSError as error:
        return Check(
            "metrics folder",
            "fail",
            f"{MULTIPROC_DIR}: {size // 1024:,} KiB cannot be written to {folder} ({error.strerror}); free space, or"
            " set the variable to another folder",
        )
    return Check("metrics folder", "ok", f"{place} is writable")


def _key_file(file: Path) -> Check:
    """Whether other users of this machine can change the key file, or read it without need.

    A mounted secret belongs to another user than the service, which can only read it because all users can.
    """
    status = file.stat()
    others = "w" if status.st_mode & stat.S_IWOTH else ""
    if status.st_mode & stat.S_IROTH and status.st_uid == os.geteuid():
        others = f"r{others}"
    if not others:
        return Check("key file", "ok", f"{file} is readable")
    can = {"r": "read", "w": "change", "rw": "read and change"}[others]
    command = f"chmod o-{others} {shlex.quote(str(file))}"
    return Check("key file", "warn", f"every user of this machine can {can} {file}; run: {command}")


def _cores(settings: Settings) -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    detail = f"{settings.workers} worker{'s' * (settings.workers > 1)} on {cores} core{'s' * (cores > 1)}"
    if settings.workers > cores:
        return Check("cores", "warn", f"{detail}; more workers than cores do not increase throughput")
    return Check("cores", "ok", detail)


def _files() -> Check:
    with stop_held_back():
        # Here, because it imports the API.
        from app.server.http.connections import MAX_CONNECTIONS, NEEDED_FILES, SPARE_FILES  # noqa: PLC0415

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)  # the soft limit is raised at the start
    needs = f"{MAX_CONNECTIONS:,} connections need {NEEDED_FILES:,}"
    if hard in {resource.RLIM_INFINITY, -1} or hard >= NEEDED_FILES:
        return Check("file descriptors", "ok", f"{hard:,} per process; {needs}")
    status: Status = "warn" if hard >= SPARE_FILES else "fail"
    return Check(
        "file descriptors",
        status,
        f"{hard:,} per process, but {needs}; raise the hard limit (ulimit -Hn)",
    )


def _bundle(name: str, folder: Path, settings: Settings) -> tuple[Check, TopicClassifier | None]:
    try:
        classifier = load_classifier(folder, settings.runtime, settings.min_probability, settings.outside_threshold)
    except ClassifierError as error:
        return Check(name, "fail", str(error).removesuffix(".")), None
    bundle, manifest = classifier.bundle, classifier.bundle.manifest
    detail = f"{manifest.full_name}, {len(manifest.topics)} topics, SHA-256 {bundle.digest[:12]}"
    there = folder.resolve().name
    if there.isdecimal() and there != manifest.version:
        warning = f"{detail}; the folder is named {there}, but the version in manifest.json counts"
        return Check(name, "warn", warning), classifier
    return Check(name, "ok", f"{detail}; {len(bundle.golden)} golden headlines reproduced"), classifier


def _names(served: Sequence[Bundle]) -> Check:
    try:
        ensure_different_names(served)
    except BundleError as error:
        return Check("models", "fail", str(error).removesuffix("."))
    names = [bundle.manifest.full_name for bundle in served]
    return Check("models", "ok", f"{', '.join(names)}; the first answers requests that name none")


def _memory(settings: Settings) -> Check:
    """Measured in this process, which has the same modules and models loaded as a service."""
    with stop_held_back():
        from app.main import create_app  # noqa: PLC0415, F401 - imported to be measured, after the models as in `serve`
        from app.server.command.memory import available_bytes, needed_bytes  # noqa: PLC0415
        from app.telemetry.prometheus.process import resident_bytes  # noqa: PLC0415

    process, available = resident_bytes(), available_bytes()
    if process is None or available is None:
        return Check("memory", "ok", "cannot be measured on this system")
    usual, maximum = needed_bytes(settings, process)
    detail = (
        f"about {_mb(usual)}, at most {_mb(maximum)} with all connections at their limits; {_mb(available)} available"
    )
    if usual > available:
        return Check("memory", "fail", f"{detail}; run fewer workers")
    if maximum > available:
        return Check("memory", "warn", f"{detail}; lower TOPICS_MAX_BODY_BYTES or run fewer workers")
    return Check("memory", "ok", detail)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
