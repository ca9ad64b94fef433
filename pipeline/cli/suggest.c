/* pipeline/cli/suggest.c - what a mistyped word may be meant to be: the nearest by letters left out, put in,
 * replaced, or swapped with their neighbour. */
#include "pipeline/cli/cli.h"

#include <string.h>

enum { LONGEST = 32, FAR = 3 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* At most FAR, which stands for everything beyond. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned d[LONGEST + 1][LONGEST + 1];
    if (n > LONGEST || m > LONGEST)
        return FAR;
    for (size_t i = 0; i <= n; i++)
        for (size_t j = 0; j <= m; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = (unsigned)(i + j);
                continue;
            }
            d[i][j] = least(d[i - 1][j - 1] + (a[i - 1] != b[j - 1]), least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return least(d[n][m], FAR);
}

void lta_suggest(lta_suggestion *s, const char *candidate)
{
    unsigned found = distance(s->word, s->length, candidate, strlen(candidate));
    unsigned most = s->length > 4 ? 2 : s->length > 2 ? 1 : 0; /* of a short word everything is near */
    if (found > most || (s->meant && found >= s->distance))
        return;
    s->meant = candidate;
    s->distance = found;
}

const char *lta_suggest_command(const char *word)
{
    lta_suggestion s = {.word = word, .length = strlen(word)};
    for (const lta_command *const *c = lta_commands; *c; c++)
        lta_suggest(&s, (*c)->name);
    for (const lta_entry *e = lta_help_commands; e->name; e++)
        lta_suggest(&s, e->name);
    return s.meant;
}
