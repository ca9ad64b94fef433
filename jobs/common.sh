# shellcheck shell=bash
# Shared by the batch scripts and submit.sh: settings of the site, the lock on a store, and running lta so that a signal stops it
# cleanly. Sourced, with `set -euo pipefail` in force. Names begin with job_.

JOB_LOCKED=75 # exit code: another job works on this store
JOB_STOPPED=5 # lta's exit code: stopped by a signal, nothing is lost, the same command goes on

job_say() { printf 'lta-job: %s\n' "$*" >&2; }
job_die() { # job_die CODE TEXT...
    local code=$1
    shift
    job_say "error: $*"
    exit "$code"
}

# A signal may come at any time: it is remembered from the first line on, and passed to lta once that runs.
job_stop='' job_child='' job_interrupted=0 job_work='' job_locked=''
# USR1 stays USR1 when the TERM of the time limit follows: the job is to be queued again.
job_on_signal() {
    [ "$job_stop" = USR1 ] || job_stop=$1
    job_interrupted=1
    job_forward
}
job_forward() {
    local i pid=''
    [ -n "$job_child" ] || return 0
    for ((i = 0; i < 50; i++)); do # lta's pid is there some milliseconds after the start
        pid=$(cat "$job_work/pid" 2>/dev/null) || pid=''
        if [ -n "$pid" ] || ! kill -0 "$job_child" 2>/dev/null; then break; fi
        sleep 0.1
    done
    [ -z "$pid" ] || kill -s "$job_stop" "$pid" 2>/dev/null || true
}
trap 'job_on_signal USR1' USR1
trap 'job_on_signal TERM' TERM
trap '[ -z "$job_work" ] || rm -rf "$job_work"' EXIT

job_site() { # job_site JOBS_FOLDER: reads site.env, or the file that LTA_SITE names
    local site=${LTA_SITE:-$1/site.env}
    if [ -e "$site" ]; then
        # shellcheck source=/dev/null
        . "$site"
    elif [ -n "${LTA_SITE:-}" ]; then
        job_die 2 "LTA_SITE=$site: no such file"
    fi
}

job_prepare() { # job_prepare: modules, scratch, the program
    local module
    if [ -n "${LTA_MODULES:-}" ]; then
        command -v module >/dev/null || job_die 2 "LTA_MODULES is set, but there is no command module on $(hostname)"
        set +u # the functions behind module read unset variables
        for module in $LTA_MODULES; do
            module load "$module" || job_die 2 "module load $module failed"
        done
        set -u
    fi
    # lta keeps what goes beyond --memory in unnamed files in TMPDIR: that should be the disk of the node, not a shared one
    export TMPDIR=${LTA_SCRATCH:-${TMPDIR:-/tmp}}
    { mkdir -p "$TMPDIR" && job_work=$(mktemp -d "$TMPDIR/lta-job.XXXXXX"); } ||
        job_die 4 "scratch $TMPDIR cannot be written; set LTA_SCRATCH to a folder on a disk of the node"
    # HDF5 locks every file that it opens, and fails where the file system cannot (Lustre without the mount option flock). lta needs
    # no such lock: finished files are renamed into the store and never changed, and job_lock keeps a second job out.
    export HDF5_USE_FILE_LOCKING=FALSE
    job_lta=${LTA:-lta}
    command -v "$job_lta" >/dev/null || job_die 2 "no program $job_lta; set LTA to the path of lta"
}

# flock(2) on STORE.lock, held on descriptor 9 by this shell and by lta. The kernel gives it up when both have ended, however they
# ended. The file stays: removing it would let two jobs lock two files of that name.
job_lock() { # job_lock STORE [PATIENCE]: seconds to wait for another job to end
    local lock code patience=${2:-0}
    lock=$(realpath -m -- "$1").lock
    [ "${LTA_LOCK:-on}" != off ] || return 0
    mkdir -p "$(dirname "$lock")" || job_die 4 "cannot make the folder of $1"
    { exec 9>>"$lock"; } 2>/dev/null || job_die 4 "cannot write $lock: file system full, over quota, read-only or gone?"
    # the first run of a requeued job may have been on a node that is gone: its lock takes a while to fall
    if [ "${SLURM_RESTART_COUNT:-0}" != 0 ] && [ "$patience" -lt 300 ]; then patience=300; fi
    while :; do
        code=0
        flock -w "$((patience < 5 ? patience : 5))" -E "$JOB_LOCKED" 9 || code=$?
        [ "$code" = "$JOB_LOCKED" ] || break
        if [ -n "$job_stop" ]; then
            job_code=$JOB_STOPPED
            job_end
        fi
        [ "$patience" -gt 0 ] || job_die "$JOB_LOCKED" "$1 is in use by $(cat "$lock"); nothing was done"
        patience=$((patience < 5 ? 0 : patience - 5))
    done
    [ "$code" = 0 ] || job_die 1 "flock $lock failed: a file system without locks? LTA_LOCK=off goes on without"
    { : >"$lock" && printf 'job %s on %s, pid %d\n' "$(job_name)" "$(hostname)" $$ >&9; } 2>/dev/null ||
        job_die 4 "cannot write $lock: file system full, over quota, read-only or gone?"
    job_locked=$lock
}

job_name() { printf '%s%s' "${SLURM_ARRAY_JOB_ID:-${SLURM_JOB_ID:-local}}" "${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}"; }

# job_resources: fills job_options with --device, --threads and --memory, by what SLURM gave the job. Never by what the machine has:
# without cgroups a job sees all of it.
job_resources() {
    local gpus=${SLURM_JOB_GPUS:-${SLURM_GPUS_ON_NODE:-}} memory=${SLURM_MEM_PER_NODE:-}
    job_options=(--device cpu)
    # a number may be the index of GPU 0 in SLURM_JOB_GPUS, but is a count in SLURM_GPUS_ON_NODE
    if [ -n "$gpus" ] && [ "${SLURM_GPUS_ON_NODE:-1}" != 0 ]; then job_options=(--device auto); fi
    [ -z "${SLURM_CPUS_PER_TASK:-}" ] || job_options+=(--threads "$SLURM_CPUS_PER_TASK")
    if [ -z "$memory" ] && [ -n "${SLURM_MEM_PER_CPU:-}" ]; then
        memory=$((SLURM_MEM_PER_CPU * ${SLURM_CPUS_PER_TASK:-1}))
    fi
    # SLURM counts in MiB, 0 is the whole node. A fifth is left for libraries, this shell and pages of files.
    [ "${memory:-0}" = 0 ] || job_options+=(--memory "$((memory * 4 / 5))M")
}

job_json() { # job_json TEXT: as a JSON string
    local s=$1 i code character
    s=${s//\\/\\\\} s=${s//\"/\\\"}
    for ((i = 1; i < 32; i++)); do
        printf -v code '%02x' "$i"
        printf -v character '%b' "\\x$code"
        s=${s//"$character"/\\u00$code}
    done
    printf '"%s"' "$s"
}
job_number() { if [[ ${1:-} =~ ^[0-9]+$ ]]; then printf '%s' "$1"; else printf null; fi; }

# job_run ARGUMENTS...: lta with these arguments; leaves its exit code in job_code and prints the last line of the log.
job_run() {
    local timer=() begin=${EPOCHREALTIME/[.,]/} code peak='' spent pid command
    job_code=0
    job_say "job $(job_name), restart ${SLURM_RESTART_COUNT:-0}, on $(hostname), $(date -u +%FT%TZ): $job_lta $*"
    if /usr/bin/time -q -f %M -o "$job_work/peak" true 2>/dev/null; then
        timer=(/usr/bin/time -q -f %M -o "$job_work/peak")
    fi
    : >"$job_work/pid"
    if [ -n "$job_stop" ]; then
        job_code=$JOB_STOPPED
    else
        # in the background, since bash runs no trap while it waits for a command in the foreground; the pid is that of lta itself
        # shellcheck disable=SC2016
        ${timer[@]+"${timer[@]}"} bash -c 'echo $$ >"$0" && exec "$@"' "$job_work/pid" "$job_lta" "$@" &
        job_child=$!
        [ -z "$job_stop" ] || job_forward # it came between the two lines above
        while :; do
            job_interrupted=0 code=0
            wait "$job_child" || code=$?
            [ "$code" = 127 ] && [ "$job_code" != 0 ] || job_code=$code # 127: waited for already
            [ "$job_interrupted" = 1 ] || break
        done
        job_child=''
        # a signal to the whole job also ends the timer, while lta still tidies up
        pid=$(cat "$job_work/pid")
        while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
        # 128 + number: lta had not begun yet, or only the timer was hit; -1: bash saw it end while a trap ran, and lost the code.
        # A kill at any point loses nothing either.
        if [ -n "$job_stop" ] && [[ $job_code -gt 128 || $job_code -lt 0 ]]; then job_code=$JOB_STOPPED; fi
        peak=$(tail -n 1 "$job_work/peak" 2>/dev/null) || peak=''
    fi
    [ ${#timer[@]} -gt 0 ] || peak=''
    # lta can only tell which file it did not find; or it has made all anew, in the folder below the mount point
    if [ "$job_code" != "$JOB_STOPPED" ] && [ -n "$job_locked" ] && ! [ "$job_locked" -ef /dev/fd/9 ]; then
        job_say "error: $job_locked is not the file that this job has locked: its file system is gone, or somebody removed it"
        job_code=4
    fi
    spent=$((${EPOCHREALTIME/[.,]/} - begin))
    printf -v command '%s ' "$job_lta" "$@"
    printf '{"job":%s,"task":%s,"restarts":%s,"command":%s,"exit_code":%d,"seconds":%d.%03d,"peak_rss_kb":%s}\n' \
        "$(job_number "${SLURM_JOB_ID:-}")" "$(job_number "${SLURM_ARRAY_TASK_ID:-}")" "$(job_number "${SLURM_RESTART_COUNT:-0}")" \
        "$(job_json "${command% }")" "$job_code" $((spent / 1000000)) $((spent / 1000 % 1000)) "$(job_number "$peak")"
}

# job_end: ends the job by job_code. What was stopped is queued again, unless by SIGTERM: that comes from scancel, whose user wants no
# more of it, or from preemption, after which SLURM queues the job itself.
job_end() {
    if [ "$job_code" = "$JOB_STOPPED" ] && [ "$job_stop" != TERM ] && [ -n "${SLURM_JOB_ID:-}" ]; then
        if [ "${SLURM_RESTART_COUNT:-0}" -ge "${LTA_MAX_RESTARTS:-10}" ]; then
            job_die "$job_code" "stopped after ${SLURM_RESTART_COUNT} restarts; not queued again. A stage begins anew when it was" \
                "stopped: give it more time, then submit the same command"
        fi
        job_say "stopped; queued again, goes on with the stage that it was in"
        exec 9>&- # the next run may begin before this shell has ended
        scontrol requeue "$SLURM_JOB_ID" || job_say "error: scontrol requeue failed; submit the same command again"
    fi
    exit "$job_code"
}

# job_enrich STORE FORMAT FILES...: everything, in the store itself. lta writes each file beside its place and renames it there when
# it is whole, so a job that is killed leaves finished stages, and the next one skips them. A copy of the store in scratch would lose
# them with the node.
job_enrich() {
    local store=$1 format=$2 extra=()
    shift 2
    job_prepare
    job_lock "$store"
    job_resources
    read -r -a extra <<<"${LTA_IMPORT_OPTIONS:-} ${LTA_RUN_OPTIONS:-}" || true
    job_run run -o "$store" --format "$format" "${job_options[@]}" ${extra[@]+"${extra[@]}"} -- "$@"
    job_end
}
