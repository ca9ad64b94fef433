/* pipeline/tokenizer/tokenizer.h - text into token ids, by a tokenizer that the user names.
 *
 *     bytes              every byte of the UTF-8 text is a token, its value the id; no mark at the beginning
 *     a file             a SentencePiece model (tokenizer.model), where the build has SentencePiece; where
 * the model has an id for the beginning of a sequence, every text begins with it, as the Llama tokenizers do.
 * Names of special pieces in a text, such as <s>, are plain text.
 */
#ifndef LTA_TOKENIZER_TOKENIZER_H
#define LTA_TOKENIZER_TOKENIZER_H

#include "pipeline/core/run.h"

#include <stddef.h>
#include <stdint.h>

typedef struct lta_tokenizer lta_tokenizer;

typedef struct lta_token_list {
    uint32_t *id;
    uint64_t n, capacity;
} lta_token_list; /* all zero is empty */
void lta_token_list_free(lta_token_list *t);

/* which: "bytes", or the path of a model. Errors: LTA_ERR_INPUT, LTA_ERR_FORMAT (no model, or of a kind that
 * is not read), LTA_ERR_USAGE (not in this build), LTA_ERR_NOMEM, LTA_ERR_STOPPED. */
LTA_MUST_CHECK lta_status lta_tokenizer_open(const lta_run *run, const char *which, lta_tokenizer **out);
void lta_tokenizer_close(lta_tokenizer *t); /* accepts NULL */

const char *lta_tokenizer_kind(const lta_tokenizer *t);     /* "bytes" or "sentencepiece" */
const char *lta_tokenizer_xxh3_128(const lta_tokenizer *t); /* of the model's file, hexadecimal; "" without */

/* Appends the ids of a text in UTF-8. Thread-safe. Errors: LTA_ERR_NOMEM, LTA_ERR_RUN. */
LTA_MUST_CHECK lta_status lta_tokenizer_encode(const lta_tokenizer *t, const char *text, size_t length,
                                               lta_token_list *out);

#endif
