#!/usr/bin/env bash
# Submits jobs to SLURM with the settings of site.env, or runs the same scripts here.
# Usage: jobs/submit.sh [OPTIONS] enrich STORE FORMAT FILE...
#        jobs/submit.sh [OPTIONS] sweep LIST      LIST: lines of STORE<TAB>FORMAT<TAB>FILE[<TAB>FILE...]
# Options:
#   --dry-run      print the commands, submit nothing
#   --local        run the scripts here, without SLURM, one after the other
#   --gpu          ask for a GPU: LTA_GPU_PARTITION and LTA_GRES of site.env
#   --sbatch OPT   one more option for sbatch, may be repeated: --sbatch --time=04:00:00
set -euo pipefail
jobs=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=common.sh
. "$jobs/common.sh"
job_site "$jobs"
usage() { sed -n '3,10s/^# \{0,1\}//p' "$jobs/submit.sh"; }
trap - USR1 TERM # those are for the jobs

mode=submit gpu=0 more=()
while [ $# -gt 0 ]; do
    case $1 in
    --dry-run) mode=print ;;
    --local) mode=local ;;
    --gpu) gpu=1 ;;
    --sbatch)
        [ $# -ge 2 ] || job_die 2 "--sbatch needs an option"
        more+=("$2")
        shift
        ;;
    -h | --help) usage && exit 0 ;;
    -*) job_die 2 "unknown option $1; see --help" ;;
    *) break ;;
    esac
    shift
done
what=${1:-}
[ $# -eq 0 ] || shift
tasks=0
case $what in
enrich) [ $# -ge 3 ] || job_die 2 "enrich needs STORE FORMAT FILE..." ;;
sweep)
    [ $# -eq 1 ] || job_die 2 "sweep needs one LIST"
    [ -r "$1" ] || job_die 3 "$1 cannot be read"
    tasks=$(awk 'END { print NR }' "$1") # wc counts no last line without newline
    [ "$tasks" -gt 0 ] || job_die 3 "$1 is empty"
    ;;
piece) [ $# -ge 2 ] || job_die 2 "piece needs a step and a STORE: jobs/split.sh says which" ;;
*) usage >&2 && exit 2 ;;
esac

if [ "$mode" = local ]; then
    failed=0
    for ((i = 1; i <= (tasks > 0 ? tasks : 1); i++)); do
        code=0
        if [ "$tasks" -gt 0 ]; then
            SLURM_ARRAY_TASK_ID=$i bash "$jobs/$what.sbatch" "$@" || code=$?
        else
            bash "$jobs/$what.sbatch" "$@" || code=$?
        fi
        [ "$code" != "$JOB_STOPPED" ] || exit "$code"
        [ "$code" = 0 ] || failed=$code # the other tasks of a sweep still run, as in an array
    done
    exit "$failed"
fi

partition=${LTA_PARTITION:-}
# the job reads LTA_JOBS to find common.sh: SLURM runs a copy of the script
command=(sbatch "--export=ALL,LTA_JOBS=$jobs")
[ "$tasks" = 0 ] || command+=("--array=1-$tasks${LTA_ARRAY_LIMIT:+%$LTA_ARRAY_LIMIT}")
if [ "$gpu" = 1 ]; then
    partition=${LTA_GPU_PARTITION:-$partition}
    command+=("--gres=${LTA_GRES:-gpu:1}")
fi
[ -z "$partition" ] || command+=("--partition=$partition")
[ -z "${LTA_ACCOUNT:-}" ] || command+=("--account=$LTA_ACCOUNT")
[ -z "${LTA_TIME:-}" ] || command+=("--time=$LTA_TIME")
[ -z "${LTA_CPUS:-}" ] || command+=("--cpus-per-task=$LTA_CPUS")
[ -z "${LTA_MEM:-}" ] || command+=("--mem=$LTA_MEM")
command+=(${more[@]+"${more[@]}"} "$jobs/$what.sbatch" "$@")
if [ "$mode" = print ]; then
    printf '%q ' "${command[@]}" | sed 's/ $//'
    echo
else
    command -v sbatch >/dev/null || job_die 2 "no sbatch here; --local runs the same scripts without SLURM"
    "${command[@]}"
fi
