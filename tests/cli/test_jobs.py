"""The scripts in jobs/: without SLURM, and in a real SLURM of one node where ../shared/slurm-local has one (root is needed).
"""
import array
import glob
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import support

JOBS = os.path.join(support.PROJECT, "jobs")
SLURM = os.path.realpath(os.path.join(support.PROJECT, "..", "shared", "slurm-local"))
FIELDS = ["job", "task", "restarts", "command", "exit_code", "seconds", "peak_rss_kb"]


class Made(support.CliTest):
    def setUp(self):
        super().setUp()
        self.ok("synth", "-o", "src", "--format", "marconi", "--files", "2", "--sessions", "40", "--seed", "1")
        self.files = sorted(glob.glob(self.path("src", "*.jsonl")))
        self.assertEqual(len(self.files), 2)

    def environment(self, **changes):
        env = support.environment(**{"LTA": support.lta_path(), "LTA_SITE": "/dev/null", "TMPDIR": self.folder, **changes})
        return {k: v for k, v in env.items() if not k.startswith(("SLURM_", "SBATCH_")) or k in changes}

    def submit(self, *arguments, code=0, script="submit.sh", **changes):
        done = subprocess.run([os.path.join(JOBS, script), *arguments], cwd=self.folder, env=self.environment(**changes),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=support.TIMEOUT)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def last_lines(self, text):
        """The JSON objects in a log, one a run of the job."""
        found = [json.loads(line) for line in text.splitlines() if line.startswith('{"job"')]
        for line in found:
            self.assertEqual(list(line), FIELDS)
        return found

    def same(self, store, *arguments):
        """The store has the bytes that one process gives."""
        self.ok("run", "-q", "-o", "expected", *arguments)
        expected = support.tree(self.path("expected"))
        made = {name: data for name, data in support.tree(self.path(store)).items() if not name.startswith("pieces/")}
        self.assertGreater(len(expected), 5)
        self.assertEqual(support.differences(made, expected), [])
        shutil.rmtree(self.path("expected"))

    def write_list(self, count):
        """A list for a sweep with sources of two formats, and what each store is made of."""
        lines = []
        self.write("m.jsonl", support.mooncake(support.MOONCAKE_ROWS))
        for i in range(count):
            lines.append(["store %d" % i] + (["mooncake", "m.jsonl"] if i % 4 == 3 else ["marconi", *self.files[:1 + i % 2]]))
        self.write("list", "\n".join("\t".join(line) for line in lines))  # no newline at the end
        return lines


class Local(Made):
    def test_dry_run(self):
        prefix = "sbatch --export=ALL\\,LTA_JOBS=%s" % JOBS
        script = os.path.join(JOBS, "enrich.sbatch")
        self.assertEqual(self.submit("--dry-run", "enrich", "a b", "auto", "f").stdout, "%s %s a\\ b auto f\n" % (prefix, script))
        self.write("site.env", "LTA_PARTITION=rome LTA_GPU_PARTITION=gpu_a100 LTA_ACCOUNT=acc LTA_TIME=10 LTA_CPUS=3 LTA_MEM=2G\n")
        rest = "--account=acc --time=10 --cpus-per-task=3 --mem=2G"

        def shown(*arguments):
            return self.submit("--dry-run", *arguments, LTA_SITE=self.path("site.env")).stdout
        self.assertEqual(shown("enrich", "s", "auto", "f"), "%s --partition=rome %s %s s auto f\n" % (prefix, rest, script))
        self.assertEqual(shown("--gpu", "--sbatch", "--time=20", "enrich", "s", "auto", "f"),
                         "%s --gres=gpu:1 --partition=gpu_a100 %s --time=20 %s s auto f\n" % (prefix, rest, script))
        self.write_list(8)
        self.assertEqual(shown("sweep", "list"), "%s --array=1-8 --partition=rome %s %s list\n"
                         % (prefix, rest, os.path.join(JOBS, "sweep.sbatch")))
        for wrong in (["enrich", "s", "auto"], ["sweep"], ["--frobnicate"], ["frobnicate"], []):
            self.submit("--dry-run", *wrong, code=2)
        self.submit("--dry-run", "sweep", "absent", code=3)

    def test_enrich(self):
        done = self.submit("--local", "enrich", "s", "marconi", *self.files)
        self.same("s", "--format", "marconi", *self.files)
        line, = self.last_lines(done.stdout)
        self.assertEqual((line["job"], line["task"], line["restarts"], line["exit_code"]), (None, None, 0, 0))
        self.assertIn("run -o s --format marconi --device cpu -- " + self.files[0], line["command"])
        if os.path.exists("/usr/bin/time"):
            self.assertGreater(line["peak_rss_kb"], 1000)
        self.assertEqual(glob.glob(self.path("lta-job.*")), [])  # nothing is left in scratch

    def test_sweep(self):
        lines = self.write_list(4)
        with open(self.path("list"), "a") as f:
            f.write("\n\n# a comment\nbad\tmarconi\tabsent.jsonl\r\n")
        done = self.submit("--local", "sweep", "list", code=3)  # the others are made all the same
        for store, fmt, *files in lines:
            self.same(store, "--format", fmt, *files)
        self.assertEqual([(line["task"], line["exit_code"]) for line in self.last_lines(done.stdout)],
                         [(1, 0), (2, 0), (3, 0), (4, 0), (7, 3)])

    def test_split(self):
        chain = self.submit("--dry-run", "--sbatch", "--time=9", "s", "4", "marconi", "f", script="split.sh").stdout.splitlines()
        self.assertEqual([line.split("piece.sbatch ")[1] for line in chain], ["plan s 4 marconi f", "map s", "reduce s", "finish s"])
        for line, array_of, after in zip(chain, ("", "--array=0-3", "--array=0-3", ""), ("", "PLAN", "MAP", "REDUCE")):
            self.assertIn("--time=9", line)
            self.assertIn(array_of, line)
            self.assertEqual("--dependency=afterok:JOB_OF_%s --kill-on-invalid-dep=yes" % after in line, after != "", line)
        for wrong in ([], ["s"], ["s", "0"], ["s", "2", "marconi"]):
            self.submit("--dry-run", *wrong, script="split.sh", code=2)
        done = self.submit("--local", "s", "3", "marconi", *self.files, script="split.sh")
        self.assertEqual([line["exit_code"] for line in self.last_lines(done.stdout)], [0] * 11)
        self.same("s", "--format", "marconi", *self.files)
        before = support.identities(self.path("s", "pieces"))
        again = self.submit("--local", "s", "3", "marconi", *self.files, script="split.sh")
        self.assertIn("map-2.h5 is up to date", again.stderr)
        h5 = {name for name in before if name.endswith(".h5")}
        after = support.identities(self.path("s", "pieces"))
        self.assertEqual({name: before[name] for name in h5}, {name: after[name] for name in h5})
        self.submit("--local", "t", "3", "marconi", "absent.jsonl", script="split.sh", code=3)

    def test_import_options(self):
        """What enrich and the plan of a split import is the same, options included."""
        options = {"LTA_IMPORT_OPTIONS": "--timeline overlay --name two", "LTA_RUN_OPTIONS": "--capacity 500"}
        self.submit("--local", "enrich", "e", "marconi", *self.files, **options)
        self.submit("--local", "s", "2", "marconi", *self.files, script="split.sh", **options)
        for store in ("e", "s"):
            self.same(store, "--format", "marconi", "--timeline", "overlay", "--name", "two", "--capacity", "500", *self.files)

    def test_split_errors(self):
        piece = os.path.join(JOBS, "piece.sbatch")

        def step(*arguments, code, **changes):
            done = subprocess.run(["bash", piece, *arguments], cwd=self.folder, env=self.environment(**changes), stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=support.TIMEOUT)
            self.assertEqual(done.returncode, code, done.stderr)
            return done.stderr
        for arguments in (["map", "typo"], ["reduce", "typo"], ["finish", "typo"], ["plan", "typo", "3"]):
            self.assertIn("typo/trace.h5 is not there", step(*arguments, code=3, SLURM_ARRAY_TASK_ID="0"))
        self.assertEqual(glob.glob(self.path("typo*")), [])
        self.assertIn("--piece-memory says", step("plan", "s", "2", "marconi", *self.files, code=2, LTA_SPLIT_OPTIONS="--piece-memory 1G"))
        self.assertIn("at most 4096", self.submit("s", "5000", script="split.sh", code=2).stderr)
        self.assertIn("--sbatch needs", self.submit("--sbatch", script="split.sh", code=2).stderr)
        # a SLURM that takes no arrays: what was submitted before does not stay
        os.mkdir(self.path("bin"))
        for name, text in (("sbatch", 'case "$*" in *--array*) exit 7 ;; esac; echo 41'), ("scancel", 'echo "$*" >cancelled')):
            os.chmod(self.write("bin/" + name, "#!/bin/bash\n%s\n" % text), 0o755)
        done = self.submit("s", "2", "marconi", "f", script="split.sh", code=7, PATH=self.path("bin") + ":" + os.environ["PATH"])
        self.assertIn("step map could not be submitted; cancelled: 41", done.stderr)
        with open(self.path("cancelled")) as f:
            self.assertEqual(f.read(), "41\n")

    def test_tasks_wait_for_each_other(self):
        """The same task of another chain ends before this one begins; a signal ends the wait."""
        self.submit("--local", "s", "1", "marconi", *self.files, script="split.sh")
        for number, code in ((None, 0), (signal.SIGUSR1, 5)):
            holder = subprocess.Popen(["flock", self.path("s", "pieces", "map-0.lock"), "sh", "-c", "echo; exec sleep 100"],
                                      stdout=subprocess.PIPE, start_new_session=True)
            holder.stdout.readline()
            job = subprocess.Popen(["bash", os.path.join(JOBS, "piece.sbatch"), "map", "s"], cwd=self.folder, text=True,
                                   env=self.environment(SLURM_ARRAY_TASK_ID="0"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(1)
            self.assertIsNone(job.poll(), "it has not waited")
            if number:
                job.send_signal(number)
            else:
                os.killpg(holder.pid, signal.SIGKILL)
            err = job.communicate(timeout=30)[1]
            self.assertEqual(job.returncode, code, err)
            if number:
                os.killpg(holder.pid, signal.SIGKILL)
            holder.wait()
            holder.stdout.close()

    def test_last_line_is_json(self):
        done = self.submit("--local", "enrich", "s", "marconi", "a\x01\r\"\\\tb.jsonl", code=3)
        self.assertIn("a\x01\r\"\\\tb.jsonl", self.last_lines(done.stdout)[0]["command"])

    def test_lock(self):
        """The lock holds as long as its holder lives, and no longer, even when that is killed."""
        arguments = ["--local", "enrich", "s", "marconi", *self.files]
        holder = subprocess.Popen(["flock", self.path("s.lock"), "sh", "-c", "echo somebody >s.lock; echo; exec sleep 100"],
                                  cwd=self.folder, stdout=subprocess.PIPE, start_new_session=True)
        holder.stdout.readline()
        done = self.submit(*arguments, code=75)
        self.assertRegex(done.stderr, "error: s is in use by somebody; nothing was done")
        self.assertFalse(os.path.exists(self.path("s")))
        os.killpg(holder.pid, signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
        self.submit(*arguments)

    def test_errors(self):
        self.write("file", "")
        self.assertIn("cannot write", self.submit("--local", "enrich", "/proc/s", "marconi", "f", code=4).stderr)
        self.assertIn("LTA_SCRATCH", self.submit("--local", "enrich", "s", "marconi", "f", code=4, LTA_SCRATCH="file/x").stderr)
        self.assertIn("no program absent", self.submit("--local", "enrich", "s", "marconi", "f", code=2, LTA="absent").stderr)

    def mount(self, options):
        """A small file system on the folder `disk`."""
        os.mkdir(self.path("disk"))
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "lta-test", self.path("disk")], stderr=subprocess.PIPE)
        if done.returncode != 0:
            self.skipTest("cannot mount a tmpfs: " + done.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.path("disk")], stderr=subprocess.DEVNULL)

    def fill_up(self, store, sizes, *arguments, **options):
        """The same job on a disk that is too small, and grows: code 4 and no damage, until there is room."""
        codes = []
        for size in sizes:
            subprocess.run(["mount", "-o", "remount,size=" + size, self.path("disk")], check=True)
            done = subprocess.run([os.path.join(JOBS, options.get("script", "submit.sh")), "--local", *arguments], cwd=self.folder,
                                  env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=support.TIMEOUT)
            codes.append(done.returncode)
            if done.returncode != 0:
                self.assertEqual(done.returncode, 4, done.stderr)
                self.assertRegex(done.stderr, "error: .*([Nn]o space left|file system full)")
                self.assertEqual([line["exit_code"] for line in self.last_lines(done.stdout) if line["exit_code"] != 0][-1:],
                                 [4] if "lta-job: job" in done.stderr else [])
        self.assertGreater(codes.count(4), 2)
        self.assertEqual(codes[-1], 0)
        self.same(store, "--format", "marconi", *self.files)

    def test_disk_full(self):
        self.mount("size=1M")
        self.fill_up("disk/s", ("4k", "60k", "200k", "400k", "16M"), "enrich", "disk/s", "marconi", *self.files)

    def test_disk_full_in_pieces(self):
        self.mount("size=1M")
        self.fill_up("disk/s", ("4k", "200k", "400k", "600k", "700k", "800k", "900k", "16M"), "disk/s", "3", "marconi", *self.files,
                     script="split.sh")

    def test_file_system_gone(self):
        """Unmounted while lta works: code 4, whether lta can make the store anew in what is below or not."""
        gone = self.write("gone", '#!/bin/bash\n"$REAL_LTA" import -q -o disk/s --format marconi src/*.jsonl\numount -l disk\n'
                                  'eval "$AND_THEN"\nexec "$REAL_LTA" "$@"\n')
        os.chmod(gone, 0o755)
        for and_then, error in ((":", ""), ("rmdir disk; touch disk", "lta run: error: disk.*\n")):
            self.mount("size=16M")
            done = self.submit("--local", "enrich", "disk/s", "marconi", *self.files, code=4, LTA=gone, AND_THEN=and_then,
                               REAL_LTA=support.lta_path())
            self.assertRegex(done.stderr, error + "lta-job: error: .*disk/s.lock is not the file that this job has locked: its file "
                                                  "system is gone, or somebody removed it\n$")
            self.assertEqual([line["exit_code"] for line in self.last_lines(done.stdout)], [4])
            shutil.rmtree(self.path("disk"), ignore_errors=True)  # a folder the first time

    def test_signal(self):
        """A signal before lta runs, or while it does: code 5, and the next run goes on."""
        slow = self.write("slow", "#!/bin/bash\ntouch started\nexec sleep 100\n")
        os.chmod(slow, 0o755)
        for number in (signal.SIGUSR1, signal.SIGTERM):
            job = subprocess.Popen(["bash", os.path.join(JOBS, "enrich.sbatch"), "s", "marconi", *self.files], cwd=self.folder,
                                   env=self.environment(LTA=slow), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(200):
                if os.path.exists(self.path("started")):
                    break
                time.sleep(0.05)
            os.remove(self.path("started"))
            job.send_signal(number)
            out, err = job.communicate(timeout=30)
            self.assertEqual(job.returncode, 5, err)
            self.assertEqual([line["exit_code"] for line in self.last_lines(out)], [5])
        self.submit("--local", "enrich", "s", "marconi", *self.files)
        self.same("s", "--format", "marconi", *self.files)


class Slurm(Made):
    """Jobs in a SLURM of one node, which this class starts and stops."""

    @classmethod
    def setUpClass(cls):
        reason = ("this system has no %s" % SLURM if not os.path.exists(os.path.join(SLURM, "start-slurm.sh")) else
                  "a SLURM for tests needs root" if os.geteuid() != 0 else None)
        if reason:
            print("skipped: jobs in SLURM: " + reason)
            sys.exit(support.SKIPPED)
        cls.cluster = tempfile.mkdtemp(prefix="lta-slurm-", dir="/tmp")
        cls.addClassCleanup(cls.stop)
        with socket.socket() as s:  # two ports in a row, another cluster may have the default ones
            s.bind(("127.0.0.1", 0))
            port = min(s.getsockname()[1], 65000)
        done = subprocess.run([os.path.join(SLURM, "start-slurm.sh"), cls.cluster], capture_output=True, text=True, timeout=180,
                              env=support.environment(SLURM_LOCAL_CPUS="16", SLURM_LOCAL_MEM_MB="32768", SLURM_LOCAL_PORT=str(port)))
        if done.returncode != 0:
            print("skipped: jobs in SLURM: it does not start: " + (done.stdout + done.stderr)[-2000:])
            cls.stop()
            sys.exit(support.SKIPPED)
        cls.conf = os.path.join(cls.cluster, "etc", "slurm.conf")
        cls.let_short_preempt()

    @classmethod
    def let_short_preempt(cls):
        """Jobs of the partition `short` take the place of others, which are queued again."""
        with open(cls.conf) as f:
            text = f.read()
        text = text.replace("PartitionName=batch ", "PartitionName=batch PriorityTier=1 PreemptMode=REQUEUE ")
        text = text.replace("PartitionName=short ", "PartitionName=short PriorityTier=10 PreemptMode=OFF ")
        with open(cls.conf, "w") as f:
            f.write(text + "PreemptType=preempt/partition_prio\nPreemptMode=REQUEUE\n")
        with open(os.path.join(cls.cluster, "run", "slurmctld.pid")) as f:
            pid = int(f.read())
        os.kill(pid, signal.SIGTERM)
        while os.path.exists("/proc/%d" % pid):
            time.sleep(0.1)
        subprocess.run(["slurmctld", "-f", cls.conf], check=True, timeout=60)

    @classmethod
    def stop(cls):
        subprocess.run([os.path.join(SLURM, "stop-slurm.sh"), cls.cluster, "--purge"], capture_output=True, timeout=120)
        shutil.rmtree(cls.cluster, ignore_errors=True)

    def slurm(self, *command):
        return subprocess.run(command, env=dict(os.environ, SLURM_CONF=self.conf), capture_output=True, text=True, timeout=60).stdout

    def start(self, *arguments, **changes):
        out = self.submit("--sbatch", "--cpus-per-task=2", "--sbatch", "--mem=1G", *arguments, SLURM_CONF=self.conf, **changes).stdout
        job = out.split()[-1]
        self.addCleanup(self.slurm, "scancel", job)
        return job

    def log(self, job):
        path = self.path("lta-enrich-%s.out" % job)
        if not os.path.exists(path):
            return ""
        with open(path, errors="replace") as f:
            return f.read()

    def until(self, what, true, job="", seconds=90):
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                self.fail("%s: not within %d s\n%s%s" % (what, seconds, self.slurm("scontrol", "show", "job", job), self.log(job)))
            time.sleep(0.2)

    def finished(self, job, seconds=90):
        """Waits for the end and gives state and exit code."""
        self.until("job %s ends" % job, lambda: not self.slurm("squeue", "-h", "-j", job).strip(), job, seconds)
        fields = dict(f.split("=", 1) for f in self.slurm("scontrol", "-o", "show", "job", job).split() if "=" in f)
        return fields["JobState"], int(fields["ExitCode"].split(":")[0])

    def start_slow(self):
        """A job of some seconds; returns when its first stage is done and others are not."""
        draw = random.Random(1)
        ids = array.array("I", (int(1e6 * draw.random()) for _ in range(2000000)))
        self.write("z.u32", ids.tobytes())
        job = self.start("enrich", "s", "flat", "z.u32", LTA_RUN_OPTIONS="--ids u32")
        self.until("trace.h5 of job %s" % job, lambda: os.path.exists(self.path("s", "trace.h5")), job)
        self.assertFalse(os.path.exists(self.path("s", "enriched.h5")), "too fast for this test")
        with open(glob.glob(self.path("lta-job.*", "pid"))[0]) as f:  # TMPDIR is the scratch of the job
            self.pid = int(f.read())
        return job, support.identities(self.path("s"))["trace.h5"]

    def went_on(self, job, trace):
        """The job ended well, its first stage was not done again, and the store has the right bytes."""
        self.assertEqual(self.finished(job), ("COMPLETED", 0), self.log(job))
        self.assertEqual(support.identities(self.path("s"))["trace.h5"], trace)
        self.same("s", "--format", "flat", "--ids", "u32", "z.u32")

    def test_gpu(self):
        job = self.start("--gpu", "enrich", "s", "marconi", *self.files, LTA_GRES="gpu:a10:1")
        self.assertEqual(self.finished(job), ("COMPLETED", 0), self.log(job))
        self.same("s", "--format", "marconi", *self.files)
        line, = self.last_lines(self.log(job))
        self.assertEqual((line["job"], line["restarts"]), (int(job), 0))
        self.assertIn(" --device auto --threads 2 --memory 819M -- ", line["command"])
        job = self.start("enrich", "absent", "marconi", "absent.jsonl")
        self.assertEqual(self.finished(job), ("FAILED", 3), self.log(job))
        self.assertIn(" --device cpu --threads 2 ", self.log(job))

    def test_sweep(self):
        lines = self.write_list(8)
        job = self.start("sweep", "list")
        self.until("array %s ends" % job, lambda: not self.slurm("squeue", "-h", "-j", job).strip(), job)
        for i, (store, fmt, *files) in enumerate(lines, 1):
            with open(self.path("lta-sweep-%s_%d.out" % (job, i))) as f:
                line, = self.last_lines(f.read())
            self.assertEqual((line["task"], line["exit_code"]), (i, 0))
            self.same(store, "--format", fmt, *files)

    def start_limited(self):
        """A job that would take for ever, and has a minute: SLURM's own signal comes before the time is up."""
        slow = self.write("limited", '#!/bin/bash\n[ "${SLURM_RESTART_COUNT:-0}" != 0 ] || exec sleep 300\nexec "$REAL_LTA" "$@"\n')
        os.chmod(slow, 0o755)
        return self.start("--sbatch", "--time=1", "--sbatch", "--signal=B:USR1@30", "enrich", "limit", "marconi", *self.files,
                          LTA=slow, REAL_LTA=support.lta_path())

    def test_split_and_time_limit(self):
        """A chain of plan, 8 maps, 8 reduces and finish; one map is requeued while it runs. Meanwhile another job hits its limit."""
        limited = self.start_limited()
        slow = self.write("slow", '#!/bin/bash\n[ "$1" != map ] || sleep 1\nexec "$REAL_LTA" "$@"\n')
        os.chmod(slow, 0o755)
        given = ["--sbatch", "--cpus-per-task=1", "--sbatch", "--mem=500M"]
        changes = {"SLURM_CONF": self.conf, "LTA": slow, "REAL_LTA": support.lta_path()}
        jobs = self.submit(*given, "s", "8", "marconi", *self.files, script="split.sh", **changes).stdout.split()
        self.assertEqual(len(jobs), 4)
        for job in jobs:
            self.addCleanup(self.slurm, "scancel", job)
        self.until("maps of job %s run" % jobs[1], lambda: "R" in self.slurm("squeue", "-h", "-r", "-o", "%t", "-j", jobs[1]).split(), jobs[1])
        self.slurm("scontrol", "requeue", jobs[1] + "_3")
        self.assertEqual(self.finished(jobs[3], 150), ("COMPLETED", 0))
        self.same("s", "--format", "marconi", *self.files)
        with open(self.path("lta-map-%s_3.out" % jobs[1])) as log:
            self.assertEqual(self.last_lines(log.read())[-1]["restarts"], 1)
        # a chain whose plan fails ends, its jobs do not wait for ever
        jobs = self.submit(*given, "t", "2", "marconi", "absent.jsonl", script="split.sh", **changes).stdout.split()
        self.assertEqual(self.finished(jobs[0])[0], "FAILED")
        for job in jobs[1:]:
            self.assertEqual(self.finished(job)[0], "CANCELLED")
        self.assertEqual(self.finished(limited, 180), ("COMPLETED", 0), self.log(limited))
        self.assertEqual([(line["restarts"], line["exit_code"]) for line in self.last_lines(self.log(limited))], [(0, 5), (1, 0)])
        self.same("limit", "--format", "marconi", *self.files)

    def test_signal_and_double_submission(self):
        job, trace = self.start_slow()
        os.kill(self.pid, signal.SIGSTOP)  # it may not end before the second one starts
        second = self.start("enrich", "s", "flat", "z.u32", LTA_RUN_OPTIONS="--ids u32")
        self.until("job %s tells" % second, lambda: "error: " in self.log(second), second)
        self.slurm("scancel", "--signal=USR1", "--batch", job)
        time.sleep(1)
        os.kill(self.pid, signal.SIGCONT)
        self.assertEqual(self.finished(second), ("FAILED", 75))
        self.assertIn("s is in use by job %s on " % job, self.log(second))
        self.went_on(job, trace)
        self.assertEqual([(line["restarts"], line["exit_code"]) for line in self.last_lines(self.log(job))], [(0, 5), (1, 0)])

    def test_requeued_from_outside(self):
        job, trace = self.start_slow()
        self.slurm("scontrol", "requeue", job)
        self.went_on(job, trace)
        self.assertEqual(self.last_lines(self.log(job))[-1]["restarts"], 1)

    def test_cancelled(self):
        job, _ = self.start_slow()
        self.slurm("scancel", job)
        self.assertEqual(self.finished(job)[0], "CANCELLED")
        time.sleep(1)
        self.assertEqual(self.finished(job)[0], "CANCELLED")  # it did not queue itself
        self.assertFalse(os.path.exists(self.path("s", "enriched.h5")))
        self.assertEqual([line["exit_code"] for line in self.last_lines(self.log(job))], [5], self.log(job))

    def test_slurmd_stopped_and_started(self):
        job, trace = self.start_slow()
        with open(os.path.join(self.cluster, "run", "slurmd.pid")) as f:
            pid = int(f.read())
        os.kill(pid, signal.SIGTERM)
        self.until("slurmd ends", lambda: not os.path.exists("/proc/%d" % pid), job)
        self.slurm("slurmd", "-f", self.conf)
        self.went_on(job, trace)

    def test_preempted(self):
        """A job of a partition with a higher priority takes the node; SLURM queues the first one again."""
        job, trace = self.start_slow()
        above = self.slurm("sbatch", "--parsable", "--partition=short", "--exclusive", "--output=/dev/null", "--wrap=sleep 1").strip()
        self.assertEqual(self.finished(above), ("COMPLETED", 0))
        self.went_on(job, trace)
        self.assertIn("DUE TO PREEMPTION", self.log(job))
        self.assertEqual([(line["restarts"], line["exit_code"]) for line in self.last_lines(self.log(job))], [(0, 5), (1, 0)])


if __name__ == "__main__":
    unittest.main()
