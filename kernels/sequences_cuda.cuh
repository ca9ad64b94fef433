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
    const uint32_t *input_length, *offset;
    const uint32_t *piece_request; /* NOWHERE: new */
    const uint32_t *piece_length, *piece_at;
    const uint32_t *start32, *symbols32; /* or start64, symbols64; the other is NULL */
    const uint64_t *start64, *symbols64;

    __device__ uint64_t piece_start(uint64_t k) const
    {
        return start32 ? start32[k] : start64[k];
    }
    __device__ uint32_t full_length(uint64_t r) const
    {
        uint32_t end = offset[r + 1];
        return end > offset[r] ? piece_at[end - 1] + piece_length[end - 1] : 0;
    }

    __device__ uint64_t symbol(uint64_t index) const
    {
        return symbols32 ? symbols32[index] : symbols64[index];
    }

    /* The piece of request r that holds position depth, from 0. */
    __device__ uint64_t piece_of(uint64_t r, uint32_t depth) const
    {
        return upper_bound(piece_at, (uint64_t)offset[r], (uint64_t)offset[r + 1], depth) - 1;
    }

    /* The symbol behind position depth, from 0, of request r. Follows copies. */
    __device__ uint64_t symbol_at(uint64_t r, uint32_t depth) const
    {
        for (;;) {
            uint64_t k = piece_of(r, depth);
            uint64_t at = piece_start(k) + (depth - piece_at[k]);
            if (piece_request[k] == NOWHERE)
                return symbol(at);
            r = piece_request[k];
            depth = (uint32_t)at;
        }
    }
};

/* Where each piece begins in its request. */
static __global__ void place_pieces(uint64_t n, const uint32_t *offset, const uint32_t *length, uint32_t *at)
{
    for (uint64_t r = first_element(); r < n; r += stride()) {
        uint32_t depth = 0;
        for (uint32_t k = offset[r]; k < offset[r + 1]; depth += length[k], k++)
            at[k] = depth;
    }
}

/* The columns, once up, no wider than they have to be. */
class device_sequences
{
  public:
    LTA_MUST_CHECK lta_status upload(const lta_sequences *s)
    {
        host = s;
        LTA_DEV(check_elements("requests", s->n));
        LTA_DEV(check_elements("pieces", s->n_pieces));
        LTA_DEV(input_length.upload(s->input_length, s->n));
        LTA_DEV(offset.upload_each(s->n + 1, [=](uint64_t r) { return (uint32_t)s->offset[r]; }));
        LTA_DEV(piece_request.upload_each(
            s->n_pieces, [=](uint64_t k) { return (uint32_t)s->piece_request[k]; })); /* -1 becomes NOWHERE */
        LTA_DEV(piece_length.upload(s->piece_length, s->n_pieces));
        if (s->n_symbols <= UINT32_MAX)
            LTA_DEV(
                start32.upload_each(s->n_pieces, [=](uint64_t k) { return (uint32_t)s->piece_start[k]; }));
        else
            LTA_DEV(start64.upload(s->piece_start, s->n_pieces));
        LTA_DEV(piece_at.alloc(s->n_pieces));
        LTA_DEV(launch("place_pieces", place_pieces, s->n, offset.p, piece_length.p, piece_at.p));
        if (s->symbols32)
            return symbols32.upload(s->symbols32, s->n_symbols);
        return symbols64.upload(s->symbols64, s->symbols64 ? s->n_symbols : 0);
    }
    sequences_view view() const
    {
        bool narrow = host->n_symbols <= UINT32_MAX;
        return sequences_view{host->n,
                              input_length.p,
                              offset.p,
                              piece_request.p,
                              piece_length.p,
                              piece_at.p,
                              narrow ? start32.p : nullptr,
                              host->symbols32 ? symbols32.p : nullptr,
                              narrow ? nullptr : start64.p,
                              host->symbols64 ? symbols64.p : nullptr};
    }

  private:
    const lta_sequences *host = nullptr;
    device_array<uint32_t> input_length, offset, piece_request, piece_length, piece_at, start32, symbols32;
    device_array<uint64_t> start64, symbols64;
};

} // namespace lta

#endif
