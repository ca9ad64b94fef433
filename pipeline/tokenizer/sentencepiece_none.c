/* pipeline/tokenizer/sentencepiece_none.c - what sentencepiece.h promises, in a build without the library: to
 * say so. */
#include "pipeline/tokenizer/sentencepiece.h"

static lta_status not_built(const char *file)
{
    return lta_fail(
        LTA_ERR_USAGE,
        "%s: this lta was built without SentencePiece; install it (Debian: libsentencepiece-dev), "
        "and configure and build again, or use --tokenizer bytes",
        file);
}

const char *lta_sentencepiece_version(void)
{
    return NULL;
}

lta_status lta_sentencepiece_load(const char *file, const char *data, size_t size, lta_sentencepiece **out)
{
    (void)data, (void)size, (void)out;
    return not_built(file);
}

void lta_sentencepiece_free(lta_sentencepiece *m)
{
    (void)m;
}

lta_status lta_sentencepiece_encode(const lta_sentencepiece *m, const char *text, size_t length,
                                    lta_token_list *out)
{
    (void)m, (void)text, (void)length, (void)out;
    return not_built("SentencePiece");
}
