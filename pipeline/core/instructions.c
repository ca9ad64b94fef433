/* pipeline/core/instructions.c - asking the processor. */
#include "pipeline/core/instructions.h"

#ifdef __x86_64__
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
           __builtin_cpu_supports("avx512vpopcntdq");
}
#else
static bool has_avx2(void)
{
    return false;
}

static bool has_avx512(void)
{
    return false;
}
#endif

bool lta_has_instructions(lta_instructions set)
{
    return set == LTA_PLAIN || (set == LTA_AVX2 && has_avx2()) || (set == LTA_AVX512 && has_avx512());
}

lta_instructions lta_best_instructions(void)
{
    return has_avx512() ? LTA_AVX512 : has_avx2() ? LTA_AVX2 : LTA_PLAIN;
}
