/* pipeline/tokenizer/sentencepiece.h - the SentencePiece library (Kudo and Richardson, EMNLP 2018) as C.
 *
 * The library is C++ and may be absent at build time: then version() is NULL and loading fails with
 * LTA_ERR_USAGE. */
#ifndef LTA_TOKENIZER_SENTENCEPIECE_H
#define LTA_TOKENIZER_SENTENCEPIECE_H

#include "pipeline/tokenizer/tokenizer.h"

typedef struct lta_sentencepiece lta_sentencepiece;

const char *lta_sentencepiece_version(void); /* NULL: not in this build */

/* The bytes of a model, borrowed for the call; file is for messages. */
LTA_MUST_CHECK lta_status lta_sentencepiece_load(const char *file, const char *data, size_t size,
                                                 lta_sentencepiece **out);
void lta_sentencepiece_free(lta_sentencepiece *m); /* accepts NULL */

/* As lta_tokenizer_encode(). */
LTA_MUST_CHECK lta_status lta_sentencepiece_encode(const lta_sentencepiece *m, const char *text,
                                                   size_t length, lta_token_list *out);

#endif
