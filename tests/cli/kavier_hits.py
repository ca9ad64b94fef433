"""Prompt-cache hits of the PyPI package kavier on a trace: python kavier_hits.py FILE MIN_TOKENS... -- MAX_PROMPTS...

Run by test_kavier.py with a Python that has the package. Prints a JSON list of [scope, min_tokens, max_prompts, hits, requests]:
the package's own reader, request loop and cache."""
import json
import sys

from kavier.sdk.inference.core.cache import PrefixCache
from kavier.sdk.inference.core.config import CacheCfg, CacheScope, SimConfig
from kavier.sdk.inference.core.metrics import Metrics
from kavier.sdk.inference.core.runner import RequestInput, run_request_loop
from kavier.sdk.io.input_spec import InputSpec
from kavier.sdk.library import gpu, llm
from kavier.sdk.library.specs.GPUSpec import GPUSpec
from kavier.sdk.library.specs.LLMSpec import LLMSpec


def one_of(module, kind):
    """Any device or model: hits do not depend on it."""
    for value in vars(module).values():
        for item in (value.values() if isinstance(value, dict) else [value]):
            if isinstance(item, kind):
                return item
    raise SystemExit("no %s in %s" % (kind.__name__, module.__name__))


def main():
    path, rest = sys.argv[1], sys.argv[2:]
    cut = rest.index("--")
    trace = InputSpec(path)
    # seconds grow with tokens, and a fragment is a tenth of one: counts are cut, since they decide no hit
    requests = [RequestInput(session_id=trace.sessions[i] if trace.sessions else None, n_in_tokens=int(trace.num_in_t[i]),
                             n_out_tokens=1, in_tokens=trace.in_t[i] if trace.in_t else None)
                for i in range(len(trace.num_in_t))]
    found = []
    for scope in CacheScope:
        for min_tokens in map(int, rest[:cut]):
            for max_prompts in map(int, rest[cut + 1:]):
                config = SimConfig(export_rate=1e6, cache=CacheCfg(min_len=min_tokens, scope=scope, max_entries=max_prompts))
                cache = PrefixCache(config.cache)
                for _ in run_request_loop(requests, llm=one_of(llm, LLMSpec), gpu=one_of(gpu, GPUSpec), cache=cache, cfg=config,
                                          metrics=Metrics(), t0_ms=0):
                    pass
                found.append([str(scope.value), min_tokens, max_prompts, cache.hits, len(requests)])
    print(json.dumps(found))


main()
