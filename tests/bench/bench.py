"""What every row is given: the programs of the build, the yardsticks, input files, and how large all that is to be."""
import os
import shutil
import subprocess

import measuring

PROJECT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.join(PROJECT, ".build", "bench")
VENV_PYTHON = os.path.join(PROJECT, ".build", "venv", "bin", "python")
SPARE_DISK = 4 << 30

# yardsticks of ../shared/baseline: file, and how it is built
YARDSTICKS = {
    "gen_zipf": ("gen_zipf.c", ["cc", "-O2"], ["-lm"]),
    "stackdist_bitmap": ("stackdist_bitmap.c", ["cc", "-O3", "-march=native"], []),
    "json_simdjson": ("json_simdjson.cc", ["c++", "-O3", "-march=native", "-std=c++17"], ["-lsimdjson"]),
}

# options of lta synth and sizes: full, quick. Chats and agents are as long as the published ones, which the 30 sister files show.
SIZES = {
    "z10m": ((10000000, 1000000), (500000, 50000)),
    "z50m": ((50000000, 5000000), (2500000, 250000)),
    "chat": (["--sessions", 2000], ["--sessions", 80]),
    "agents": (["--sessions", 1000], ["--sessions", 40]),
    "sister chats": (["--files", 15, "--size", "1300M"], ["--files", 15, "--size", "45M"]),
    "sister agents": (["--files", 15, "--size", "3100M"], ["--files", 15, "--size", "105M"]),
    "growth": (["--sessions", 500], ["--sessions", 12]),
}
CHAT = ["--collapse", 0, "--turns", 19, "--message-tokens", 120, "--output-tokens", 360]
AGENTS = ["--collapse", 1, "--turns", 30, "--message-tokens", 800, "--output-tokens", 150]


def build():
    for command in (["cmake", "-S", PROJECT, "-B", BUILD, "-G", "Ninja"],
                    ["cmake", "--build", BUILD, "--parallel", str(min(2, os.cpu_count())), "--target", "lta", "bench_bounds", "bench_flat", "bench_reuse"]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise SystemExit("%s failed:\n%s" % (" ".join(command[:2]), done.stdout[-4000:]))


class Bench:
    def __init__(self, quick, repeats, device, data):
        self.quick, self.repeats, self.device = quick, repeats, device
        self.data = os.path.join(os.path.abspath(data), "quick" if quick else "full")
        self.lta = os.path.join(BUILD, "lta")
        self.bench_flat = os.path.join(BUILD, "tests", "bench_flat")
        self.bench_reuse = os.path.join(BUILD, "tests", "bench_reuse")
        self.shared = os.environ.get("LTA_SHARED", os.path.join(PROJECT, "..", "shared"))
        os.makedirs(self.data, exist_ok=True)

    def size(self, what):
        return SIZES[what][self.quick]

    def path(self, *parts):
        return os.path.join(self.data, *parts)

    def fresh(self, name):
        """The path of a folder that is not there yet."""
        shutil.rmtree(self.path(name), ignore_errors=True)
        return self.path(name)

    # ---- yardsticks ----

    def yardstick(self, name):
        """The yardstick's program, built when first asked for."""
        source, compiler, libraries = YARDSTICKS[name]
        source = os.path.join(self.shared, "baseline", source)
        program = os.path.join(BUILD, "yardsticks", name)
        if not os.path.exists(source):
            raise measuring.Unavailable("no %s" % os.path.relpath(source, PROJECT))
        if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
            os.makedirs(os.path.dirname(program), exist_ok=True)
            done = subprocess.run([*compiler, "-w", "-o", program, source, *libraries], capture_output=True, text=True)
            if done.returncode != 0:
                raise measuring.Unavailable("%s does not build here: %s" % (os.path.basename(source), done.stderr.strip().splitlines()[0]))
        return program

    # ---- input files, made when first asked for ----

    def need_disk(self, n_bytes):
        free = shutil.disk_usage(self.data).free
        if free < n_bytes + SPARE_DISK:
            raise measuring.Unavailable("%.1f GB of disk are free, this takes %.1f" % (free / 1e9, (n_bytes + SPARE_DISK) / 1e9))

    def need_memory(self, n_bytes):
        with open("/proc/meminfo") as f:
            free = next(int(line.split()[1]) * 1024 for line in f if line.startswith("MemAvailable:"))
        if free < n_bytes:
            raise measuring.Unavailable("%.1f GB of memory are free, this takes %.1f" % (free / 1e9, n_bytes / 1e9))

    def python_with(self, package):
        """The Python of .build/venv, made when first asked for, if it has the package."""
        done = subprocess.run([os.path.join(PROJECT, "tests", "venv.sh")], capture_output=True, text=True)
        if done.returncode != 0 or not os.path.exists(VENV_PYTHON) or subprocess.run(
                [VENV_PYTHON, "-c", "import " + package], capture_output=True).returncode != 0:
            raise measuring.Unavailable("PyPI's %s does not install here" % package)
        return VENV_PYTHON

    def zipf(self, name, format="u64"):
        """Accesses by Zipf's law: z10m or z50m."""
        path = self.path("%s.%s" % (name, {"oracle": "oracleGeneral"}.get(format, format)))
        if not os.path.exists(path):
            accesses, objects = self.size(name)
            self.need_disk(accesses * 24)
            measuring.log("making %s" % path)
            measuring.run([self.yardstick("gen_zipf"), accesses, objects, 0.9, 1, format, path + ".part"])
            os.rename(path + ".part", path)
        return path

    def synth(self, folder, *options):
        """Files of lta synth, in order of their names."""
        folder = self.path(folder)
        if not os.path.exists(folder):
            self.need_disk(0 if self.quick else 5e9)
            measuring.log("making %s" % folder)
            measuring.run([self.lta, "synth", "-q", "-o", folder + ".part", "--format", "marconi", *options])
            os.rename(folder + ".part", folder)
        return sorted(os.path.join(folder, name) for name in os.listdir(folder))

    def chat(self):
        return self.synth("chat", "--files", 1, *self.size("chat"), *CHAT, "--seed", 1)[0]

    def agents(self):
        return self.synth("agents", "--files", 1, *self.size("agents"), *AGENTS, "--seed", 2)[0]

    def sisters(self):
        """30 files of two kinds, each kind the same sessions at 15 rates."""
        return (self.synth("sister-chats", *self.size("sister chats"), *CHAT, "--seed", 3) +
                self.synth("sister-agents", *self.size("sister agents"), *AGENTS, "--seed", 4))

    def command(self, *arguments, threads=1, device=True):
        """An lta command as it is timed."""
        name, *rest = arguments
        return [self.lta, name, "-q", "--threads", threads, *(["--device", self.device] if device else []), *rest]
