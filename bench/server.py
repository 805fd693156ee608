"""A real server on a private home, for measuring."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Self

PLUGIN = Path(__file__).with_name("plugin") / "bench_plugin.py"


class BenchServer:
    """A server process with the scripted agent, without a rate limit.

    Parameters:
        settings: further ``section.key=value`` texts.
    """

    def __init__(self, *settings: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="a-parallel-bench-"))
        unbounded = ["server.rate_limit=0", "plugins.agents.max_runs=1000", "plugins.agents.min_free_memory=0"]
        quiet = ["logging.level=error", "plugins.agents.provider=scripted", "plugins.scripted.pace=0"]
        self.settings = [*unbounded, *quiet, *settings]
        self.ready_after = 0.0

    def __enter__(self) -> Self:
        (self.home / ".gitconfig").write_text("[user]\nname = Bench\nemail = bench@example.invalid\n")
        self.start()
        return self

    def start(self) -> None:
        """Start it and wait for its ready line."""
        words = [word for setting in self.settings for word in ("--set", setting)]
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "a_parallel_kernel", "serve", "--port", "0", *words],
            env={"HOME": str(self.home), "PATH": os.environ["PATH"], "PYTHONPATH": str(self._plugin())},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "ready at" in line, line
        self.ready_after = time.perf_counter() - began
        self.url = line.split()[-1]
        self.token = (self.home / ".a-parallel" / "auth-token").read_text().strip()

    def _plugin(self) -> Path:
        """Lay the plugin that is measured out as an installed package and return the place."""
        place = self.home / "site-packages"
        described = place / "bench_plugin-1.0.dist-info"
        described.mkdir(parents=True, exist_ok=True)
        shutil.copy(PLUGIN, place)
        (described / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-plugin\nVersion: 1.0\n")
        (described / "entry_points.txt").write_text("[a_parallel.plugins]\nbench = bench_plugin:BenchPlugin\n")
        return place

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(30)

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            return json.loads(answer.read())

    def project(self) -> str:
        """Make and register a small repository and return the project's id."""
        path = self.home / "repository"
        environ = {"HOME": str(self.home), "PATH": os.environ["PATH"]}
        for words in (["init", "-q", str(path)], ["-C", str(path), "commit", "-q", "--allow-empty", "-m", "begin"]):
            subprocess.run(["git", *words], check=True, env=environ)
        return str(self.call("POST", "/api/projects", {"name": "bench", "path": str(path)})["id"])

    def thread(self, project: str, prompt: str) -> str:
        """Start a thread and return its id."""
        body = {"projectId": project, "mode": "local", "title": "bench", "prompt": prompt}
        return str(self.call("POST", "/api/threads", body)["id"])

    @property
    def database(self) -> Path:
        """The database file."""
        return self.home / ".a-parallel" / "data.db"

    def memory(self) -> float:
        """Resident memory of the server, in mebibytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise ProcessLookupError(self.process.pid)

    def cpu_seconds(self) -> float:
        """Processor time that the server has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
