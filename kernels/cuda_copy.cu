/* kernels/cuda_copy.cu - two pinned buffers, two events, one stream. */
#include "kernels/cuda_copy.cuh"
#include "kernels/cuda_util.cuh"

namespace
{

struct buffers {
    cudaStream_t stream = nullptr;
    cudaEvent_t free[2] = {nullptr, nullptr}; /* the copy that used the buffer last is done */
    void *memory[2] = {nullptr, nullptr};

    lta_status open(size_t bytes)
    {
        /* does not wait for the default stream: what is copied to is new, what is copied from is waited for
         * by event */
        LTA_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
        for (int b = 0; b < 2; b++) {
            LTA_CUDA(cudaEventCreateWithFlags(&free[b], cudaEventDisableTiming));
            LTA_CUDA(cudaMallocHost(&memory[b], bytes));
        }
        return LTA_OK;
    }
    ~buffers()
    {
        if (stream)
            (void)cudaStreamSynchronize(stream); /* nothing may use the buffers any more */
        for (int b = 0; b < 2; b++) {
            if (memory[b])
                (void)cudaFreeHost(memory[b]);
            if (free[b])
                (void)cudaEventDestroy(free[b]);
        }
        if (stream)
            (void)cudaStreamDestroy(stream);
    }
};

size_t piece_at(size_t at, size_t bytes, size_t buffer)
{
    return bytes - at < buffer ? bytes - at : buffer;
}

} // namespace

lta_status lta::copy_to_device(void *device, size_t bytes, copy_fill *fill, const void *context,
                               size_t buffer)
{
    buffers b;
    int i = 0;
    LTA_DEV(b.open(buffer));
    for (size_t at = 0; at < bytes; at += buffer, i ^= 1) {
        size_t n = piece_at(at, bytes, buffer);
        LTA_CUDA(cudaEventSynchronize(b.free[i])); /* at once when never recorded */
        fill(context, b.memory[i], at, n);
        LTA_CUDA(cudaMemcpyAsync((char *)device + at, b.memory[i], n, cudaMemcpyHostToDevice, b.stream));
        LTA_CUDA(cudaEventRecord(b.free[i], b.stream));
    }
    LTA_CUDA(cudaStreamSynchronize(b.stream));
    return LTA_OK;
}

lta_status lta::copy_from_device(const void *device, size_t bytes, cudaEvent_t after, copy_take *take,
                                 const void *context, size_t buffer)
{
    buffers b;
    LTA_DEV(b.open(buffer));
    if (after)
        LTA_CUDA(cudaStreamWaitEvent(b.stream, after, 0));
    else
        LTA_CUDA(cudaStreamSynchronize(cudaStreamLegacy));
    /* one piece ahead: piece k+1 is on its way while piece k is taken out of its buffer */
    size_t pieces = (bytes + buffer - 1) / buffer;
    for (size_t k = 0; k <= pieces; k++) {
        if (k < pieces) {
            LTA_CUDA(cudaMemcpyAsync(b.memory[k % 2], (const char *)device + k * buffer,
                                     piece_at(k * buffer, bytes, buffer), cudaMemcpyDeviceToHost, b.stream));
            LTA_CUDA(cudaEventRecord(b.free[k % 2], b.stream));
        }
        if (k > 0) {
            LTA_CUDA(cudaEventSynchronize(b.free[(k - 1) % 2]));
            take(context, b.memory[(k - 1) % 2], (k - 1) * buffer, piece_at((k - 1) * buffer, bytes, buffer));
        }
    }
    return LTA_OK;
}
