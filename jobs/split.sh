#!/usr/bin/env bash
# One trace over many nodes: plan, an array of maps, an array of reduces, finish, each after all of the one before.
# Usage: jobs/split.sh [OPTIONS of submit.sh] STORE PIECES [FORMAT FILE...]   without files: the trace that is in STORE
# The result is that of lta run, byte for byte. A step that fails ends the chain; submitted again, it goes on where it was.
set -euo pipefail
jobs=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
options=() mode=submit
while [ $# -gt 0 ]; do
    case $1 in
    --dry-run) mode=print options+=("$1") ;;
    --local) mode=local ;;
    --sbatch)
        [ $# -ge 2 ] || { echo "split.sh: --sbatch needs an option" >&2; exit 2; }
        options+=("$1" "$2")
        shift
        ;;
    -*) options+=("$1") ;;
    *) break ;;
    esac
    shift
done
if [ $# -lt 2 ] || [ $# -eq 3 ] || ! [[ $2 =~ ^[1-9][0-9]*$ ]]; then
    sed -n '2,4s/^# //p' "$jobs/split.sh" >&2
    exit 2
fi
[ "$2" -le 4096 ] || { echo "split.sh: $2 pieces, expected at most 4096" >&2; exit 2; }
store=$1 last=$(($2 - 1))

if [ "$mode" = local ]; then
    bash "$jobs/piece.sbatch" plan "$@"
    for step in map reduce; do
        for ((k = 0; k <= last; k++)); do SLURM_ARRAY_TASK_ID=$k bash "$jobs/piece.sbatch" "$step" "$store"; done
    done
    exec bash "$jobs/piece.sbatch" finish "$store"
fi

after='' job='' submitted=()
submit() { # options for sbatch -- step and its arguments; prints the command, or leaves the job's number in job
    local given=() log
    while [ "$1" != -- ]; do
        given+=(--sbatch "$1")
        shift
    done
    shift
    [ -z "$after" ] || given+=(--sbatch "--dependency=afterok:$after" --sbatch --kill-on-invalid-dep=yes)
    case $1 in
    map | reduce) log="lta-$1-%A_%a.out" ;;
    *) log="lta-$1-%j.out" ;;
    esac
    # where SLURM takes no more jobs, or no array that long, half a chain would do half the work
    job=$("$jobs/submit.sh" --sbatch "--output=$log" ${options[@]+"${options[@]}"} --sbatch --parsable --sbatch "--job-name=lta-$1" \
        ${given[@]+"${given[@]}"} piece "$@") || {
        local code=$?
        echo "split.sh: the step $1 could not be submitted${submitted[*]:+; cancelled: ${submitted[*]}}" >&2
        [ ${#submitted[@]} -eq 0 ] || scancel "${submitted[@]}"
        exit "$code"
    }
    echo "$job"
    job=${job%%;*} # --parsable adds the name of the cluster, where there are several
    [ "$mode" = print ] || submitted+=("$job")
    [ "$mode" != print ] || job="JOB_OF_${1^^}"
    after=$job
}
submit -- plan "$@"
submit "--array=0-$last" -- map "$store"
submit "--array=0-$last" -- reduce "$store"
submit -- finish "$store"
