/* pipeline/tokenizer/tokenizer.c - which tokenizer a name stands for, and bytes as tokens. */
#include "pipeline/tokenizer/tokenizer.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/import/source_digest.h"
#include "pipeline/import/source_text.h"
#include "pipeline/tokenizer/sentencepiece.h"

#include <string.h>

struct lta_tokenizer {
    lta_sentencepiece *model; /* NULL: bytes */
    char xxh3_128[LTA_XXH3_HEX];
};

void lta_token_list_free(lta_token_list *t)
{
    lta_free(t->id);
    *t = (lta_token_list){0};
}

/* A Hugging Face tokenizer.json is an object; so is a vocabulary, or a configuration beside a tokenizer. */
static bool is_json(const lta_source_text *t)
{
    size_t i = 0;
    while (i < t->size && strchr(" \t\r\n", t->data[i]))
        i++;
    return i < t->size && t->data[i] == '{';
}

static lta_status open_model(const lta_run *run, const char *path, lta_tokenizer *t)
{
    lta_status st = LTA_OK;
    lta_mapping m = {0};
    lta_source_text text;
    char sha256[LTA_SHA256_HEX];
    LTA_TRY(lta_map_file(path, &m));
    LTA_TRY(lta_source_text_open(path, &m, &text)); /* a pointer in place of the model is common */
    if (is_json(&text)) {
        st = lta_fail(LTA_ERR_FORMAT,
                      "%s: is JSON, as a Hugging Face tokenizer.json is, which is not read; expected a "
                      "SentencePiece tokenizer.model, or the word bytes",
                      path);
        goto done;
    }
    LTA_TRY(lta_source_digest(run, &m, false, t->xxh3_128, sha256));
    LTA_TRY(lta_sentencepiece_load(path, m.data, m.size, &t->model));
done:
    lta_unmap_file(&m);
    return st;
}

lta_status lta_tokenizer_open(const lta_run *run, const char *which, lta_tokenizer **out)
{
    lta_status st = LTA_OK;
    lta_tokenizer *t = NULL;
    LTA_TRY(LTA_CALLOC(&t, 1));
    if (strcmp(which, "bytes") != 0)
        LTA_TRY(open_model(run, which, t));
    *out = t;
    return LTA_OK;
done:
    lta_tokenizer_close(t);
    return st;
}

void lta_tokenizer_close(lta_tokenizer *t)
{
    if (!t)
        return;
    lta_sentencepiece_free(t->model);
    lta_free(t);
}

const char *lta_tokenizer_kind(const lta_tokenizer *t)
{
    return t->model ? "sentencepiece" : "bytes";
}

const char *lta_tokenizer_xxh3_128(const lta_tokenizer *t)
{
    return t->xxh3_128;
}

lta_status lta_tokenizer_encode(const lta_tokenizer *t, const char *text, size_t length, lta_token_list *out)
{
    if (t->model)
        return lta_sentencepiece_encode(t->model, text, length, out);
    lta_status st = LTA_GROW(&out->id, &out->capacity, out->n + length + 1); /* never NULL afterwards */
    if (st != LTA_OK)
        return st;
    for (size_t i = 0; i < length; i++)
        out->id[out->n + i] = (unsigned char)text[i];
    out->n += length;
    return LTA_OK;
}
