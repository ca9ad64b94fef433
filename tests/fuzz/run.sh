#!/usr/bin/env bash
# Runs every fuzz target of a build folder for some seconds: tests/fuzz/run.sh BUILD [SECONDS]
# (BUILD configured with -DCMAKE_C_COMPILER=clang -DLTA_FUZZ=ON -DLTA_SANITIZE=address,undefined). The seeds are small files
# in every source format, and the files of stores made from them by the program itself. What was found stays in
# BUILD/fuzz/TARGET; a crash is beside it, and ends the run with exit code 1 when every target has had its turn.
set -euo pipefail

build=${1:?usage: tests/fuzz/run.sh BUILD [SECONDS]}
seconds=${2:-10}
build=$(realpath "$build")
suppressions=$(realpath "$(dirname "$0")/../leaks.supp")
export LSAN_OPTIONS=suppressions=$suppressions:print_suppressions=0
mapfile -t targets < <(find "$build" -type f -executable -name 'fuzz_*' | sort)
[ ${#targets[@]} -gt 0 ] || { echo "no fuzz_* target in $build: configure with -DLTA_FUZZ=ON" >&2; exit 1; }

work=$build/fuzz
seeds=$work/seeds
rm -rf "$seeds"
for format in mooncake marconi azure burstgpt bailian weka ragpulse flat kavier tracelab conversations store release; do mkdir -p "$seeds/$format"; done

cat >"$seeds/mooncake/small.jsonl" <<'END'
{"timestamp": 0, "input_length": 513, "output_length": 12, "hash_ids": [0, 1]}
{"timestamp": 0, "input_length": 1536, "output_length": 5, "hash_ids": [0, 2, 3]}
{"timestamp": 2999, "input_length": 1600, "output_length": 40, "hash_ids": [0, 2, 4, 5]}
END
cat >"$seeds/marconi/small.jsonl" <<'END'
{"session_id": 0, "turn_id": 0, "ts": 0.0, "num_input_tokens": 3, "num_output_tokens": 2, "input_tokens": [1, 8853, 77], "output_tokens": [1, 90]}
{"session_id": 1, "turn_id": 0, "ts": 2.0, "num_input_tokens": 2, "num_output_tokens": 0, "input_tokens": [1, 8853], "output_tokens": []}
{"session_id": 0, "turn_id": 1, "ts": 5.333333333333333, "num_input_tokens": 6, "num_output_tokens": 1, "input_tokens": [1, 8853, 77, 1, 90, 12], "output_tokens": [44]}
END
printf '%s\r\n' 'TIMESTAMP,ContextTokens,GeneratedTokens' '2023-11-16 18:17:03.9799600,4808,10' \
    '2023-11-16 18:17:04.0319600,3180,8' >"$seeds/azure/2023.csv"
printf '%s\n' 'TIMESTAMP,ContextTokens,"GeneratedTokens"' '2024-05-12 00:00:00+00:00,584,3' \
    '"2024-05-12 00:00:00.000001+00:00",862,38' >"$seeds/azure/2024.csv"

cat >"$seeds/weka/small.json" <<'END'
{"id":"x","block_size":64,"hash_id_scope":"local","requests":[{"t":0.0,"type":"n","model":"m-1","in":200,"out":9,"hash_ids":[1,2,3],"stop":""},{"t":5.5,"type":"subagent","agent_id":"agent_001","requests":[{"t":0.0,"type":"n","model":"m-2","in":130,"out":20,"hash_ids":[7,8]}]},{"t":9.0,"type":"s","model":"m-1","in":330,"out":0,"hash_ids":[1,2,3,4,5,6]}]}
END
cat >"$seeds/ragpulse/small.jsonl" <<'END'
{"timestamp": "27", "input_length": 1500, "output_length": 12, "hash_ids": {"sys_prompt": [8302], "passages_ids": [11, 12], "history": [15200], "web_search": [], "user_input": [26923]}, "session_id": "a"}
{"timestamp": "20", "input_length": 900, "output_length": 0, "hash_ids": {"sys_prompt": [8302], "passages_ids": [], "history": [], "web_search": [7], "user_input": [5]}, "session_id": "b"}

END
printf '%s\n' 7 18446744073709551615 7 0 >"$seeds/flat/ids.txt"
printf '\x01\0\0\0%08d\x02\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff' 1 2 1 >"$seeds/flat/small.oracleGeneral"
printf '%s\n' 'session_id,turn_id,ts,num_input_tokens,num_output_tokens,input_tokens,output_tokens' \
    '0,0,0.0,3,2,"[1, 8853, 77]","[1, 90]"' '0,1,1.5,1,0,[7],[]' '1,0,0.5,0,0,,NaN' >"$seeds/kavier/tokens.csv"
printf '%s\n' 'session_id,turn_id,ts,num_input_tokens,num_output_tokens,' '3,0,0,7,11' '3.0,1.0,4,31,25' >"$seeds/kavier/counts.csv"
cat >"$seeds/burstgpt/3.csv" <<'END'
Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type
19440007.0,0b0f6a5e-0000-4000-8000-000000000001,9,GPT-4,120,80,200,Conversation log
19440007.0,,1,"ChatGPT",35,0,35,API log
END
cat >"$seeds/tracelab/small.jsonl" <<'END'
{"provider": "claude", "session_id": "s", "round_index": 0, "model": "m", "input_tokens_total": 9, "output_tokens": 1, "timing_events": [{"event_type": "user_message", "timestamp": "2026-06-01T05:40:20.151Z"}, {}], "tools": []}
{"provider": null, "session_id": "s", "round_index": 1, "model": null, "input_tokens_total": 19, "output_tokens": 0, "timing_events": [{"timestamp": "2026-06-01T05:40:19.151Z"}]}
END
cat >"$seeds/bailian/small.jsonl" <<'END'
{"chat_id": 7, "parent_chat_id": -1, "timestamp": 0.012, "input_length": 40, "output_length": 21, "type": "text", "turn": 1, "hash_ids": [0, 1, 2]}
{"chat_id": 12, "parent_chat_id": 7, "timestamp": 61.114, "input_length": 70, "output_length": 5, "type": "", "turn": 2, "hash_ids": [0, 1, 4, 5, 6]}
{"chat_id": 15, "parent_chat_id": 3, "timestamp": 62.0, "input_length": 33, "output_length": 1, "type": "text", "turn": 4, "hash_ids": [9, 10, 11]}
END
cat >"$seeds/conversations/lmsys.jsonl" <<'END'
{"conversation_id": "1", "model": "a", "conversation": [{"content": "Hi \u00e9\ud83d", "role": "user"}, {"content": "x", "role": "assistant", "k": [1.5e3, -0, {"a": null}]}], "turn": 10, "language": "English"}
END
cat >"$seeds/conversations/wildchat.jsonl" <<'END'
{"conversation_hash": "c0", "model": null, "timestamp": "2023-04-09T00:02:53Z", "conversation": [{"content": "Hi", "role": "user", "timestamp": null, "country": "x"}, {"content": "a b", "role": "assistant", "timestamp": "2023-04-09 00:02:53.5+01:00"}], "turn": 11, "language": "English"}
END
cat >"$seeds/conversations/sharegpt.json" <<'END'
[{"id": "A_0", "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "a"}]},
 {"id": 17, "conversations": []}, {"conversations": [{"from": "gpt", "value": "\u0000"}, {"from": "human", "value": "b"}]}]
END
echo '[{"role": "user", "content": "Fix"}, {"role": "assistant", "content": "Done"}]' >"$seeds/conversations/swebench.json"

cat >"$seeds/release/small.yaml" <<'END'
release: Example
version: "1.2"
title: "Chats: an example"
description: >-
  Two traces.
licence: CC-BY-4.0
date: 2026-11-30
creators:
  - {name: "Doe, Jane", affiliation: VU, orcid: 0000-0002-1825-0097}
keywords: [a, "b: c"]
traces:
  - name: chats
    files: ["/proc/self/statu[s]", /dev/null]
    note: Nobody wrote these.
    anonymize: 16
    symbols: true
    options: {format: marconi, capacity: [100, 5000], sort: true}
END

mkdir -p "$seeds/input"
gzip -c "$seeds/azure/2023.csv" >"$seeds/input/2023.csv.gz"
if command -v zstd >/dev/null; then zstd -q "$seeds/azure/2024.csv" -o "$seeds/input/2024.csv.zst"; fi

for format in mooncake marconi azure burstgpt bailian weka flat ragpulse kavier tracelab; do
    for file in "$seeds/$format"/*; do
        store=$work/store-$format-$(basename "$file")
        rm -rf "$store"
        "$build/lta" run -q -o "$store" --format "$format" "$file" >/dev/null
        for made in "$store"/*.h5; do
            cp "$made" "$seeds/store/$format-$(basename "$file")-$(basename "$made")"
        done
        rm -rf "$store"
    done
done

seeds_of() { # target: the folders of seeds that its name speaks of, all of them if none
    local folder found=()
    for folder in "$seeds"/*/; do
        [[ $1 == *$(basename "$folder")* ]] && found+=("$folder")
    done
    [ ${#found[@]} -gt 0 ] || found=("$seeds"/*/)
    printf '%s\n' "${found[@]}"
}

fuzz() { # target
    local name corpus folders
    name=$(basename "$1")
    corpus=$work/$name
    mkdir -p "$corpus"
    mapfile -t folders < <(seeds_of "$name")
    if ! "$1" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -close_fd_mask=3 -print_final_stats=1 \
        -artifact_prefix="$work/$name-" "$corpus" "${folders[@]}" >"$work/$name.log" 2>&1; then
        touch "$work/$name.crashed"
    fi
}

# a target a processor
rm -f "$work"/*.crashed
running=0
for target in "${targets[@]}"; do
    if [ "$running" -ge "$(nproc)" ]; then
        wait -n
        running=$((running - 1))
    fi
    fuzz "$target" &
    running=$((running + 1))
done
wait

crashed=()
for target in "${targets[@]}"; do
    name=$(basename "$target")
    echo "== $name, $seconds s"
    if [ -e "$work/$name.crashed" ]; then
        tail -n 60 "$work/$name.log"
        crashed+=("$name")
    else
        grep -E 'stat::number_of_executed_units|cov:' "$work/$name.log" | tail -n 2
    fi
done
if [ ${#crashed[@]} -gt 0 ]; then
    echo "crashed: ${crashed[*]}; inputs in $work" >&2
    exit 1
fi
echo "no crash in ${#targets[@]} targets"
