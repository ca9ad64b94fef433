/* pipeline/import/spaced_integers.c - plain words, 32 and 64 bytes at a time. */
#include "pipeline/import/spaced_integers.h"

#include <stdbool.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

enum {
    MOST_DIGITS = 8,
    BLOCK = 64,
    AHEAD = 4096 /* bytes: processors by themselves do not fetch across the end of a page */
};

/* ---- plain ---- */

INLINE uint64_t load(const char *p) /* the first byte lowest */
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

INLINE bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

INLINE size_t common_rest(const char *a, const char *b, size_t i, size_t n)
{
    for (; n - i >= 8; i += 8) {
        uint64_t differ = load(a + i) ^ load(b + i);
        if (differ != 0)
            return i + (size_t)__builtin_ctzll(differ) / 8;
    }
    while (i < n && a[i] == b[i])
        i++;
    return i;
}

static const char *line_end_plain(const char *text, const char *end)
{
    return memchr(text, '\n', (size_t)(end - text));
}

static size_t common_plain(const char *a, const char *b, size_t n)
{
    size_t i = 0;
    for (; n - i >= 32; i += 32) {
        uint64_t differ = 0;
        for (size_t k = 0; k < 32; k += 8)
            differ |= load(a + i + k) ^ load(b + i + k);
        if (differ != 0)
            break;
    }
    return common_rest(a, b, i, n);
}

INLINE uint64_t commas_rest(const char *text, size_t i, size_t n)
{
    uint64_t count = 0;
    for (; i < n; i++)
        count += text[i] == ',';
    return count;
}

static uint64_t commas_plain(const char *text, size_t n)
{
    return commas_rest(text, 0, n);
}

/* The number whose eight digits are the bytes of v, the first lowest, leading ones zero. */
INLINE uint64_t number_of(uint64_t v)
{
    v = (v * 10 + (v >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    v = (v * 100 + (v >> 16)) & UINT64_C(0x0000ffff0000ffff);
    return (v * 10000 + (v >> 32)) & UINT64_C(0xffffffff);
}

/* The number at p, of at most MOST_DIGITS digits that end before `end`; its length, or 0 if there is none. */
INLINE unsigned read_number(const char *p, const char *end, uint64_t *out)
{
    unsigned n = 0;
    if (end - p > MOST_DIGITS) {
        uint64_t digits = load(p) ^ UINT64_C(0x3030303030303030);
        uint64_t others = ((digits + UINT64_C(0x7676767676767676)) | digits) & UINT64_C(0x8080808080808080);
        n = others == 0 ? MOST_DIGITS : (unsigned)__builtin_ctzll(others) / 8;
        if (n == 0 || is_digit(p[n]) || (n > 1 && *p == '0'))
            return 0;
        *out = number_of(digits << (8 * (MOST_DIGITS - n)));
        return n;
    }
    for (*out = 0; p + n < end && is_digit(p[n]); n++)
        *out = *out * 10 + (uint64_t)(p[n] - '0');
    return n > MOST_DIGITS || (n > 1 && *p == '0') ? 0 : n;
}

/* *text is at the first number to be read, or at what stands there instead. */
INLINE uint64_t read_rest(const char **text, const char *end, uint64_t *out, uint64_t room)
{
    const char *p = *text;
    for (uint64_t n = 0; n < room; n++) {
        unsigned digits = read_number(p, end, &out[n]);
        if (digits == 0)
            return n;
        p += digits;
        *text = p;
        if (end - p < 3 || p[0] != ',' || p[1] != ' ')
            return n + 1;
        p += 2;
    }
    return room;
}

static uint64_t read_plain(const char **text, const char *end, uint64_t *out, uint64_t room)
{
    return read_rest(text, end, out, room);
}

#ifdef __x86_64__
/* ---- 64 bytes at a time ---- */

/* What stands where in a block, a bit a byte. */
typedef struct classes {
    uint64_t digit, comma, space, zero;
} classes;

/* The ends of the numbers of a block that begins with one, those that are followed by ", " and have nothing
 * unusual before them; 0 if there is none. Bits shifted in at the top stand for what the block does not show,
 * so that a number is taken only if all of it and of the ", " behind it is seen. */
INLINE uint64_t find_ends(const classes *c)
{
    uint64_t d = c->digit, end = d & ~(d >> 1) & c->comma >> 1 & c->space >> 2;
    uint64_t two = d & d >> 1, four = two & two >> 2, nine = four & four >> 4 & d >> 8;
    uint64_t start = end << 3 | 1;
    uint64_t bad = ~(d | end << 1 | end << 2) | nine | (c->zero & start & d >> 1);
    if (bad != 0) { /* what ends before it, ", " included, is good */
        unsigned first = (unsigned)__builtin_ctzll(bad);
        end &= ((UINT64_C(1) << first) - 1) >> 2;
    }
    return end;
}

/* Goes on at p, behind the ", " of the n-th number, if there is one. */
INLINE uint64_t finish(const char **text, const char *p, const char *end, uint64_t *out, uint64_t n,
                       uint64_t room)
{
    if (n > 0)
        *text = p - 2;
    uint64_t more = read_rest(&p, end, out + n, room - n);
    if (more > 0)
        *text = p;
    return n + more;
}

/* ---- AVX2 ---- */

#define AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

AVX2 static const char *line_end_avx2(const char *text, const char *end)
{
    const __m256i newline = _mm256_set1_epi8('\n');
    for (; end - text >= BLOCK; text += BLOCK) {
        _mm_prefetch(text + AHEAD, _MM_HINT_T0);
        __m256i low = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)text), newline);
        __m256i high = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(text + 32)), newline);
        if (!_mm256_testz_si256(_mm256_or_si256(low, high), _mm256_or_si256(low, high)))
            break;
    }
    return line_end_plain(text, end);
}

AVX2 static size_t common_avx2(const char *a, const char *b, size_t n)
{
    size_t i = 0;
    for (; n - i >= 64; i += 64) {
        __m256i low = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(a + i)),
                                        _mm256_loadu_si256((const __m256i *)(b + i)));
        __m256i high = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(a + i + 32)),
                                         _mm256_loadu_si256((const __m256i *)(b + i + 32)));
        if ((uint32_t)_mm256_movemask_epi8(_mm256_and_si256(low, high)) != UINT32_MAX)
            break;
    }
    return common_rest(a, b, i, n);
}

AVX2 static uint64_t commas_avx2(const char *text, size_t n)
{
    uint64_t count = 0;
    size_t i = 0;
    for (; n - i >= 32; i += 32) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(text + i));
        count += (uint64_t)__builtin_popcount(
            (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(','))));
    }
    return count + commas_rest(text, i, n);
}

AVX2 static inline void classify_half(__m256i v, unsigned shift, classes *c)
{
    __m256i digit = _mm256_sub_epi8(v, _mm256_set1_epi8('0'));
    __m256i is = _mm256_cmpeq_epi8(_mm256_min_epu8(digit, _mm256_set1_epi8(9)), digit);
    c->digit |= (uint64_t)(uint32_t)_mm256_movemask_epi8(is) << shift;
    c->comma |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(',')))
                << shift;
    c->space |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(' ')))
                << shift;
    c->zero |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('0'))) << shift;
}

/* Each number is the end of the eight bytes up to its last digit. */
AVX2 static uint64_t read_avx2(const char **text, const char *end, uint64_t *out, uint64_t room)
{
    const char *p = *text;
    uint64_t n = 0;
    while (end - p >= BLOCK && room - n >= BLOCK / 3) {
        classes c = {0};
        classify_half(_mm256_loadu_si256((const __m256i *)p), 0, &c);
        classify_half(_mm256_loadu_si256((const __m256i *)(p + 32)), 32, &c);
        uint64_t ends = find_ends(&c);
        if (ends == 0)
            break;
        unsigned start = 0;
        for (; ends != 0; ends &= ends - 1) {
            unsigned last = (unsigned)__builtin_ctzll(ends), others = 8 * (start + 7 - last);
            uint64_t digits = load(p + last - 7) ^ UINT64_C(0x3030303030303030);
            out[n++] = number_of(digits >> others << others);
            start = last + 3;
        }
        p += start;
    }
    return finish(text, p, end, out, n, room);
}

/* ---- AVX-512 ---- */

#define AVX512                                                                                               \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi,bmi2,lzcnt,"        \
                          "popcnt")))

AVX512 static const char *line_end_avx512(const char *text, const char *end)
{
    const __m512i newline = _mm512_set1_epi8('\n');
    for (; end - text >= 2 * BLOCK; text += 2 * BLOCK) {
        _mm_prefetch(text + AHEAD, _MM_HINT_T0);
        _mm_prefetch(text + AHEAD + BLOCK, _MM_HINT_T0);
        __mmask64 low = _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text), newline);
        __mmask64 high = _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text + BLOCK), newline);
        if ((low | high) != 0)
            return low != 0 ? text + __builtin_ctzll(low) : text + BLOCK + __builtin_ctzll(high);
    }
    return line_end_plain(text, end);
}

AVX512 static size_t common_avx512(const char *a, const char *b, size_t n)
{
    size_t i = 0;
    for (; n - i >= 128; i += 128) {
        _mm_prefetch(b + i + AHEAD, _MM_HINT_T0); /* mostly the older text, and long ago */
        _mm_prefetch(b + i + AHEAD + BLOCK, _MM_HINT_T0);
        __mmask64 low = _mm512_cmpneq_epi8_mask(_mm512_loadu_si512(a + i), _mm512_loadu_si512(b + i));
        __mmask64 high =
            _mm512_cmpneq_epi8_mask(_mm512_loadu_si512(a + i + 64), _mm512_loadu_si512(b + i + 64));
        if ((low | high) != 0)
            return low != 0 ? i + (size_t)__builtin_ctzll(low) : i + 64 + (size_t)__builtin_ctzll(high);
    }
    return common_rest(a, b, i, n);
}

AVX512 static uint64_t commas_avx512(const char *text, size_t n)
{
    uint64_t count = 0;
    size_t i = 0;
    for (; n - i >= 64; i += 64)
        count += (uint64_t)__builtin_popcountll(
            _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(text + i), _mm512_set1_epi8(',')));
    return count + commas_rest(text, i, n);
}

/* Eight numbers of a block: byte b of each is the digit b - 7 places before its last, or zero before its
 * first. */
AVX512 static inline __m512i gather_numbers(__m512i digits, __m512i ends, __m512i starts, __m512i number)
{
    const __m512i place = _mm512_set1_epi64(INT64_C(0x00fffefdfcfbfaf9)); /* -7 .. 0 */
    const __m512i tens = _mm512_set1_epi16(1 << 8 | 10), hundreds = _mm512_set1_epi32(1 << 16 | 100);
    __m512i from = _mm512_add_epi8(_mm512_permutexvar_epi8(number, ends), place);
    __mmask64 in = _mm512_cmpge_epi8_mask(from, _mm512_permutexvar_epi8(number, starts));
    __m512i v = _mm512_maskz_permutexvar_epi8(in, from, digits);
    v = _mm512_madd_epi16(_mm512_maddubs_epi16(v, tens), hundreds); /* two of four digits */
    return _mm512_add_epi64(_mm512_mul_epu32(v, _mm512_set1_epi64(10000)), _mm512_srli_epi64(v, 32));
}

AVX512 static uint64_t read_avx512(const char **text, const char *end, uint64_t *out, uint64_t room)
{
    enum { AT_ONCE = 16 };
    const __m512i identity = _mm512_set_epi64(INT64_C(0x3f3e3d3c3b3a3938), INT64_C(0x3736353433323130),
                                              INT64_C(0x2f2e2d2c2b2a2928), INT64_C(0x2726252423222120),
                                              INT64_C(0x1f1e1d1c1b1a1918), INT64_C(0x1716151413121110),
                                              INT64_C(0x0f0e0d0c0b0a0908), INT64_C(0x0706050403020100));
    const __m512i first_eight = _mm512_srli_epi64(_mm512_and_si512(identity, _mm512_set1_epi8(0x38)), 3);
    const __m512i next_eight = _mm512_add_epi8(first_eight, _mm512_set1_epi8(8));
    const char *p = *text;
    uint64_t n = 0;
    while (end - p >= BLOCK && room - n >= AT_ONCE) {
        __m512i v = _mm512_loadu_si512(p), digits = _mm512_sub_epi8(v, _mm512_set1_epi8('0'));
        classes c = {.digit = _mm512_cmple_epu8_mask(digits, _mm512_set1_epi8(9)),
                     .comma = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(',')),
                     .space = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(' ')),
                     .zero = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('0'))};
        uint64_t ends = _pdep_u64((UINT64_C(1) << AT_ONCE) - 1, find_ends(&c));
        if (ends == 0)
            break;
        __m512i end_at = _mm512_maskz_compress_epi8(ends, identity);
        __m512i start_at = _mm512_maskz_compress_epi8(ends << 3 | 1, identity);
        unsigned count = (unsigned)__builtin_popcountll(ends);
        _mm512_storeu_si512(out + n, gather_numbers(digits, end_at, start_at, first_eight));
        if (count > 8)
            _mm512_storeu_si512(out + n + 8, gather_numbers(digits, end_at, start_at, next_eight));
        n += count;
        p += 63 - __builtin_clzll(ends) + 3;
    }
    return finish(text, p, end, out, n, room);
}
#endif

const lta_spaced_integers *lta_spaced_integers_by(lta_instructions set)
{
    static const lta_spaced_integers by[LTA_N_INSTRUCTIONS] = {
        [LTA_PLAIN] = {line_end_plain, common_plain, commas_plain, read_plain},
#ifdef __x86_64__
        [LTA_AVX2] = {line_end_avx2, common_avx2, commas_avx2, read_avx2},
        [LTA_AVX512] = {line_end_avx512, common_avx512, commas_avx512, read_avx512},
#endif
    };
    return &by[set];
}
