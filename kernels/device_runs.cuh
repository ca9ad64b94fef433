/* kernels/device_runs.cuh - runs that stay on the device, for operations that go on with them there. */
#ifndef LTA_KERNELS_DEVICE_RUNS_CUH
#define LTA_KERNELS_DEVICE_RUNS_CUH

extern "C" {
#include "kernels/run_build.h"
}
#include "kernels/device_trie.cuh"

namespace lta
{

/* As lta_runs. */
struct runs_view {
    uint64_t n, n_runs;
    const uint32_t *offset, *previous;
    const uint32_t *start, *length; /* NULL in a flat trie, whose runs are all of one symbol */

    __device__ uint32_t start_of(uint64_t k) const
    {
        return start ? start[k] : 0;
    }
    __device__ uint32_t length_of(uint64_t k) const
    {
        return length ? length[k] : 1;
    }
    /* Depth at which request r's last run ends. */
    __device__ uint32_t end_of(uint64_t r) const
    {
        uint32_t end = offset[r + 1];
        return end > offset[r] ? start_of(end - 1) + length_of(end - 1) : 0;
    }
    /* The request whose run k is. */
    __device__ uint64_t request_of(uint64_t k) const
    {
        return upper_bound(offset, (uint64_t)0, n + 1, (uint32_t)k) - 1;
    }
};

/* Numbers of 32 bits where all of them fit, else of 64. */
struct device_distances {
    bool is_wide = false;
    device_array<uint32_t> narrow; /* [n_runs], or */
    device_array<uint64_t> wide;   /* [n_runs] */
};

/* Memory that distances are computed in. */
struct distance_work {
    device_array<uint32_t> before;         /* [n + 1] of parts of a flat trace: what earlier parts weigh */
    device_array<uint32_t> behind;         /* [n + 1] first touches listed before each request's */
    device_array<uint32_t> key[2], run[2]; /* entries, as stack_distance_cuda.cu has them; sums in 32 or 64 */
    device_array<unsigned char> upto[2], below[2], touched; /* bits, in bytes */
    scratch memory;
    /* Distances of runs before part_end[i] can be taken once part_ready[i] is reached, for i < parts; parts
     * 0: all of them once all is done. */
    static constexpr int MOST_PARTS = 16;
    int parts = 0;
    uint64_t part_end[MOST_PARTS];
    event part_ready[MOST_PARTS];
};

struct device_runs : lta_device_copy {
    uint64_t n = 0, n_runs = 0;
    bool flat = false;
    device_array<uint32_t> offset, start, length;
    device_array<uint32_t> previous; /* not there if flat and every request touches its symbol */
    device_array<uint32_t> linked; /* [n] of a flat trie: each request's previous, NOWHERE if it has no run */
    device_array<uint32_t> touched_depth; /* [n] symbols that each request touches; there if previous is */
    uint64_t touched = 0;                 /* their sum: no distance is above it */
    device_distances distances;           /* in symbols */

    device_runs()
    {
        release = [](lta_device_copy *copy) { delete (device_runs *)copy; };
    }
    runs_view view() const
    {
        return runs_view{
            n, n_runs, offset.p, previous.p, flat ? nullptr : start.p, flat ? nullptr : length.p};
    }
    uint64_t bytes() const
    {
        return sizeof(uint32_t) * (offset.n + previous.n + start.n + length.n + linked.n + touched_depth.n +
                                   distances.narrow.n + 2 * distances.wide.n);
    }
};

/* touched: the host's array, [n] nodes. In run_build_cuda.cu. */
LTA_MUST_CHECK lta_status build_device_runs(const lta_trie *trie, const int64_t *touched,
                                            const uint32_t *group, device_runs *out);
/* The same for a flat trie. group: on the device, or NULL. In flat_runs_cuda.cu. */
LTA_MUST_CHECK lta_status build_flat_runs(uint64_t n, uint64_t n_nodes, const uint32_t *touched,
                                          const uint32_t *group, int group_bits, device_runs *out);
/* Without distances, as soon as the event is reached. In run_build_cuda.cu. */
LTA_MUST_CHECK lta_status download_runs(const device_runs &d, const event &ready, lta_runs *out);

/* What lta_stack_distance_fn does, all at once, with runs that are on the device. weight: [n_runs], NULL = 1;
 * first_weight: [n]; most: no less than the sum of all of them. Returns before the device is done, so that
 * copies can be made meanwhile; *work must live until then. In stack_distance_cuda.cu. */
LTA_MUST_CHECK lta_status begin_distances(const runs_view &runs, const uint32_t *weight,
                                          const uint32_t *first_weight, uint64_t most, distance_work *work,
                                          device_distances *out);
/* The same for d, of a flat trie in which every request touches its one symbol: nothing is weighed or
 * counted. In stack_distance_cuda.cu. */
LTA_MUST_CHECK lta_status begin_flat_distances(const device_runs &d, distance_work *work,
                                               device_distances *out);

} // namespace lta

#endif
