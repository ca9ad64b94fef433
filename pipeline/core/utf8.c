/* pipeline/core/utf8.c - valid UTF-8, as RFC 3629 has it. */
#include "pipeline/core/utf8.h"

size_t lta_utf8_length(const char *p, const char *end)
{
    const unsigned char *s = (const unsigned char *)p;
    size_t left = (size_t)(end - p), n = s[0] < 0x80   ? 1
                                         : s[0] < 0xc2 ? 0
                                         : s[0] < 0xe0 ? 2
                                         : s[0] < 0xf0 ? 3
                                                       : 4;
    if (n == 0 || n > left || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    /* too long a form, a surrogate, or beyond U+10FFFF */
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

bool lta_is_utf8(const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end) {
        size_t n = lta_utf8_length(text, end);
        if (n == 0)
            return false;
        text += n;
    }
    return true;
}
