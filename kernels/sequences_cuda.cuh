/* kernels/sequences_cuda.cuh - delta-coded sequences (sequences.h) on the device. */
#ifndef LTA_KERNELS_SEQUENCES_CUDA_CUH
#define LTA_KERNELS_SEQUENCES_CUDA_CUH

extern "C" {
#include "kernels/sequences.h"
}
#include "kernels/cuda_util.cuh"

namespace lta
{

/* What kernels are given: the columns, and what they come to. */
struct sequences_view {
    uint64_t n;
    const uint32_t *input_length, *full_length;
    const uint64_t *offset;
    const int64_t *piece_request;
    const uint64_t *piece_start;
    const uint32_t *piece_length, *piece_at;
    const uint32_t *symbols32; /* or symbols64; the other is NULL */
    const uint64_t *symbols64;

    __device__ uint64_t symbol(uint64_t index) const
    {
        return symbols32 ? symbols32[index] : symbols64[index];
    }

    /* The piece of request r that holds position depth, from 0. */
    __device__ uint64_t piece_of(uint64_t r, uint32_t depth) const
    {
        return upper_bound(piece_at, offset[r], offset[r + 1], depth) - 1;
    }

    /* The symbol behind position depth, from 0, of request r. Follows copies. */
    __device__ uint64_t symbol_at(uint64_t r, uint32_t depth) const
    {
        for (;;) {
            uint64_t k = piece_of(r, depth);
            uint64_t at = piece_start[k] + (depth - piece_at[k]);
            if (piece_request[k] < 0)
                return symbol(at);
            r = (uint64_t)piece_request[k];
            depth = (uint32_t)at;
        }
    }
};

/* The columns, once up. */
class device_sequences
{
  public:
    LTA_MUST_CHECK lta_status upload(const lta_sequences *s)
    {
        host = s;
        LTA_DEV(check_elements("requests", s->n));
        LTA_DEV(check_elements("pieces", s->n_pieces));
        LTA_DEV(input_length.upload(s->input_length, s->n));
        LTA_DEV(full_length.upload(s->full_length, s->n));
        LTA_DEV(offset.upload(s->offset, s->n + 1));
        LTA_DEV(piece_request.upload(s->piece_request, s->n_pieces));
        LTA_DEV(piece_start.upload(s->piece_start, s->n_pieces));
        LTA_DEV(piece_length.upload(s->piece_length, s->n_pieces));
        LTA_DEV(piece_at.upload(s->piece_at, s->n_pieces));
        if (s->symbols32)
            return symbols32.upload(s->symbols32, s->n_symbols);
        return symbols64.upload(s->symbols64, s->symbols64 ? s->n_symbols : 0);
    }
    sequences_view view() const
    {
        return sequences_view{host->n,
                              input_length.p,
                              full_length.p,
                              offset.p,
                              piece_request.p,
                              piece_start.p,
                              piece_length.p,
                              piece_at.p,
                              host->symbols32 ? symbols32.p : nullptr,
                              host->symbols64 ? symbols64.p : nullptr};
    }

  private:
    const lta_sequences *host = nullptr;
    device_array<uint32_t> input_length, full_length, piece_length, piece_at, symbols32;
    device_array<uint64_t> offset, piece_start, symbols64;
    device_array<int64_t> piece_request;
};

} // namespace lta

#endif
