"""What bounds each hot loop of the profile, and how near it is: rates of the profile beside those of bench_bounds."""

# function: (what it goes through once, where that is known; its bound in bench_bounds, if that is one; why)
LOOPS = {
    "line_end_avx512": ("text", "read", "memory: a line's text is looked at here for the first time, later looks find it in a cache"),
    "common_avx512": ("", "compare", "memory: the text of the line before, which caches have lost by now"),
    "read_avx512": ("", "parse", "instructions: the text has just been looked at"),
    "libxxhash": ("text", "xxh3", "instructions; the text is in a cache"),
    "libcrypto": ("", "sha256", "instructions (SHA extensions)"),
    "libdeflate": ("", None, "the library's decoder: instructions and tables in the first cache"),
    "lta_plane_deflate": ("", None, "instructions: a chunk lies in the caches"),
    "put_literals": ("", None, "instructions: a look-up and a shift for each byte that no match covers"),
    "lta_chunk_encode": ("", None, "instructions: bytes of a chunk in the caches are shuffled"),
    "lta_chunk_decode": ("", None, "instructions: bytes of a chunk in the caches are shuffled"),
    "fletcher32": ("", None, "instructions: sums of which each waits for the last"),
    "lta_gram_match_all": ("", None, "instructions: a filter in the first caches, at every fifth symbol of the turn before"),
    "lta_gram_match_next": ("", None, "instructions: a filter in the first caches, for each symbol that nothing agrees with"),
    "lta_gram_search": ("", None, "instructions, 16 symbols a step, out of the second cache"),
    "lta_sequence_encoder_add": ("", None, "copying and comparing symbols in the second cache"),
    "lta_sequences_decode": ("", None, "memory: symbols of the turn before"),
    "lta_online_trie_walk": ("requests", "lines_told", "memory: a slot, then the node that it names"),
    "lta_sequences_complete": ("requests", "lines_known", "memory, in order, and the requests that pieces were copied from"),
    "lta_flat_trie_build_cpu": ("requests", "lines_known", "memory: an object's slot, asked for in advance"),
    "go_through_avx512": ("requests", "flat", "instructions, where objects fit the caches; z10m's 900,000 do not fit the second one"),
    "lta_run_build_cpu": ("", "lines_known", "memory: the nodes of a path, asked for in advance"),
    "lta_stack_distance_cpu": ("", None, "a Fenwick tree: instructions, and its lines in the second and third cache"),
    "lta_trie_validate": ("", "lines_known", "memory: parents and owners"),
    "look_up": ("", "lines_known", "memory: the request that touched a run before, anywhere"),
    "lta_request_hits": ("", None, "instructions: a run at each capacity, columns in order"),
    "lta_lookup_length": ("", None, "instructions, columns in order"),
    "lta_hit_curve_cpu": ("", None, "counting into arrays that the caches hold in part"),
    "radix_sort32": ("", None, "scattering to 2,048 places: stores and their pages"),
    "lta_reuse_load": ("", None, "columns in order, once"),
    "lta_column_add": ("", None, "instructions, columns in order"),
    "lta_ratio": ("", None, "instructions: the rows of tables"),
    "the kernel": ("", "touch", "fresh memory's pages, files read and written, the process itself"),
    "loading the program": ("", None, "the dynamic linker, once a command"),
    "libhdf5_serial": ("", None, "metadata: some microseconds a dataset, however long"),
}


def unit(name):
    return " M/s" if name in ("flat", "lines_known", "lines_told") else " GB/s"


def shown(rate, name):
    return "%.3g%s" % (rate / (1e6 if unit(name) == " M/s" else 1e9), unit(name))


def lines(seen, bounds):
    """The table's lines. seen: {function: [(share, where, seconds, {thing: amount})]}, bounds: what bench_bounds prints."""
    rows = []
    for function, places in sorted(seen.items(), key=lambda item: -max(place[0] for place in item[1])):
        if function not in LOOPS:
            continue
        thing, bound, why = LOOPS[function]
        share, where, seconds, amounts = max(places, key=lambda place: place[0])
        rate = amounts[thing] / seconds if thing and seconds > 0 else None
        rows.append([function, "%.0f %% of %s" % (100 * share, where), why,
                     "%s of %s" % (shown(rate, bound) if bound else "%.3g M/s" % (rate / 1e6), thing) if rate else "",
                     "%s %s" % (bound, shown(bounds[bound], bound)) if bound else ""])
    return rows
