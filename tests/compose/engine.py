"""`docker compose` on a clean copy of the project, as an operator types it."""

import asyncio
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
PROJECT = "callout-check"
ASK = r"""exec 3<>"/dev/tcp/$${0%:*}/$${0#*:}"; printf 'GET %s HTTP/1.0\r\n\r\n' "$$1" >&3; grep -q '^HTTP/1.. 2' <&3"""
"""What `wget -q -O /dev/null http://$0$1` asks, in bash alone; as Compose wants it, with each `$` twice."""


class Failed(Exception):
    """A command ended with an error; the text holds what it printed."""


def why_not() -> str | None:
    """Why nothing can be checked on this machine; None where it can."""
    if not shutil.which("docker"):
        return "there is no Docker on this machine"
    for needed in (["docker", "info"], ["docker", "compose", "version"]):
        if subprocess.run(needed, capture_output=True, check=False).returncode:
            return f"`{' '.join(needed)}` fails, so no engine seems to run"
    return None


def copy_of(revision: str, folder: Path) -> Path:
    """What a clean clone of that revision holds; `.` is the working tree as git knows it."""
    folder.mkdir()
    if revision == ".":
        files = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True,
        ).stdout.decode().split("\0")  # fmt: skip
        for name in filter(None, files):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
    else:
        packed = subprocess.run(
            ["git", "archive", revision], cwd=ROOT, check=True, capture_output=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
    return folder


async def run(
    *command: str, folder: Path, environment: Mapping[str, str] | None = None, given: bytes | None = None
) -> bytes:
    """What a command prints; raises `Failed` where it ends with an error."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.PIPE if given is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, told = await process.communicate(given)
    if process.returncode:
        raise Failed(f"{' '.join(command)}\n{out.decode()}{told.decode()}")
    return out


async def said(*command: str, folder: Path) -> str:
    return (await run(*command, folder=folder)).decode().strip()


class Compose:
    """One installation under Compose."""

    def __init__(self, folder: Path, port: int, *, files: tuple[str, ...] = ("compose.yaml",)) -> None:
        self.folder = folder
        self.port = port
        self.files = files
        self.more: list[str] = []
        self.version = "check"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take_over(self, newer: Path) -> None:
        """The next version's files in place of this one's, with its settings and secrets."""
        own = shutil.ignore_patterns(".env", "secrets")
        shutil.copytree(newer, self.folder, ignore=own, dirs_exist_ok=True)
        self.configure()

    def configure(self) -> None:
        """`make secrets`, and what differs on this machine from `.env.example`."""
        subprocess.run([sys.executable, "deploy/fill_secrets.py"], cwd=self.folder, check=True)
        settings = self.folder / ".env"
        ours = {
            "CALLOUT_HTTP_PORT": str(self.port),
            "CALLOUT_HTTPS_PORT": str(self.port + 1),
            "CALLOUT_PHONE_PORT": str(self.port + 2),
            "CALLOUT_PUBLIC_URL": self.url,
            "CALLOUT_TELEGRAM_API": "http://phone:8001",
        }
        kept = [line for line in settings.read_text().splitlines() if line.partition("=")[0] not in ours]
        settings.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in ours.items()), ""]))

    async def __call__(self, *arguments: str, given: bytes | None = None) -> str:
        return (await self.raw(*arguments, given=given)).decode().strip()

    async def raw(self, *arguments: str, given: bytes | None = None) -> bytes:
        files = [word for name in (*self.files, *self.more) for word in ("-f", name)]
        return await run(
            "docker", "compose", "-p", PROJECT, *files, "--profile", "practice", *arguments,
            folder=self.folder, environment={"CALLOUT_VERSION": self.version}, given=given,
        )  # fmt: skip

    async def up(self, *more: str) -> None:
        await self("up", "--detach", "--no-build", "--wait", "--wait-timeout", "180", *more)

    async def ask_without_wget(self) -> None:
        """The public images of NATS and Caddy have `wget` for their health checks; a stand-in for one may not."""
        services = json.loads(await self("config", "--format", "json"))["services"]
        changed = {}
        for name, service in services.items():
            test = service.get("healthcheck", {}).get("test") or []
            if "wget" in test and not await self._has_wget(service["image"]):
                changed[name] = {
                    "healthcheck": {"test": ["CMD", "bash", "-c", ASK, *urlsplit(test[-1])[1:3]]}
                }
        if changed:
            file = self.folder / f"without-wget.{self.files[-1]}"
            file.write_text(json.dumps({"services": changed}))
            self.more = [file.name]

    async def _has_wget(self, image: str) -> bool:
        look = ("docker", "run", "--rm", "--entrypoint", "sh", image, "-c", "command -v wget")
        try:
            return bool(await said(*look, folder=self.folder))
        except Failed:
            return False

    async def containers(self) -> list[dict[str, Any]]:
        """All that `docker inspect` says of each."""
        ids = (await self("ps", "--all", "--quiet")).split()
        found: list[dict[str, Any]] = json.loads(await said("docker", "inspect", *ids, folder=self.folder))
        return found

    async def query(self, sql: str) -> list[list[str]]:
        """Rows of the database, read inside its container."""
        printed = await self(
            "exec", "-T", "postgres", "psql", "-U", "postgres", "-d", "callout", "-tA", "-F", "\t", "-c", sql
        )
        return [line.split("\t") for line in printed.splitlines() if line]

    async def leader(self, service: str) -> str:
        """The container that leads a service: whose connection holds its lease."""
        rows = await self.query(
            "SELECT a.client_addr FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            f"WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = '{service} lease'"
        )
        if len(rows) != 1:
            raise Failed(f"{service} has {len(rows)} leaders")
        for each in await self.containers():
            for network in each["NetworkSettings"]["Networks"].values():
                if network["IPAddress"] == rows[0][0]:
                    return str(each["Name"]).lstrip("/")
        raise Failed(f"nobody has the address {rows[0][0]} of {service}'s leader")


def service_of(container: dict[str, Any]) -> str:
    return str(container["Config"]["Labels"]["com.docker.compose.service"])
