/* pipeline/enrich/model.c - the built-in table of models, and models given on the command line.
 *
 * Numbers are those of each model's published config.json: num_hidden_layers, num_key_value_heads and the
 * head size (head_dim, or hidden_size / num_attention_heads), with 16-bit values; then the number of
 * parameters of its published weights. Models whose cache does not follow this formula (multi-head latent
 * attention, layers with a sliding window or without attention) have no row. */
#include "pipeline/enrich/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const lta_model lta_models[] = {
    {"llama-3-8b", 32, 8, 128, 2, 8030261248}, /* the default; Llama 3.1 8B has the same shape */
    {"llama-3-70b", 80, 8, 128, 2, 70553706496},
    {"llama-3.1-405b", 126, 8, 128, 2, 405853388800},
    {"llama-3.2-1b", 16, 8, 64, 2, 1235814400},
    {"llama-3.2-3b", 28, 8, 128, 2, 3212749824},
    {"llama-2-7b", 32, 32, 128, 2, 6738415616},
    {"llama-2-13b", 40, 40, 128, 2, 13015864320},
    {"llama-2-70b", 80, 8, 128, 2, 68976648192},
    {"mistral-7b", 32, 8, 128, 2, 7241732096},
    {"mixtral-8x7b", 32, 8, 128, 2, 46702792704},
    {"mixtral-8x22b", 56, 8, 128, 2, 140620634112},
    {"qwen2.5-7b", 28, 4, 128, 2, 7615616512},
    {"qwen2.5-14b", 48, 8, 128, 2, 14770033664},
    {"qwen2.5-32b", 64, 8, 128, 2, 32763876352},
    {"qwen2.5-72b", 80, 8, 128, 2, 72706203648},
    {"qwen3-8b", 36, 8, 128, 2, 8190735360},
    {"qwen3-32b", 64, 8, 128, 2, 32762123264},
    {NULL, 0, 0, 0, 0, 0},
};

uint64_t lta_model_token_bytes(const lta_model *m)
{
    return 2 * m->layers * m->kv_heads * m->head_size *
           m->value_bytes; /* small: lta_model_parse() bounds them */
}

uint64_t lta_model_weight_bytes(const lta_model *m)
{
    return 2 * m->parameters;
}

static lta_status unknown_model(const char *text)
{
    char known[1024];
    size_t at = 0;
    for (const lta_model *m = lta_models; m->name; m++) {
        int n = snprintf(known + at, sizeof known - at, "%s%s", at ? ", " : "", m->name);
        at += (size_t)n < sizeof known - at ? (size_t)n : 0;
    }
    return lta_fail(LTA_ERR_USAGE,
                    "--model %.200s: expected NAME:LAYERS:KV_HEADS:HEAD_SIZE:BYTES, or one of %s", text,
                    known);
}

lta_status lta_model_parse(const char *text, char name[64], lta_model *out)
{
    static const char *const names[] = {"LAYERS", "KV_HEADS", "HEAD_SIZE", "BYTES"};
    static const uint64_t most[] = {10000, 10000, 100000, 16};
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (!text) {
        *out = lta_models[0];
        return LTA_OK;
    }
    const char *colon = strchr(text, ':');
    if (!colon) {
        for (const lta_model *m = lta_models; m->name; m++)
            if (strcasecmp(m->name, text) == 0) {
                *out = *m;
                return LTA_OK;
            }
        return unknown_model(text);
    }
    size_t length = (size_t)(colon - text);
    if (length == 0 || length > 63 || strspn(text, allowed) != length)
        return lta_fail(
            LTA_ERR_USAGE,
            "--model %.200s: a model's own name has 1 to 63 letters, digits, dots, dashes and underscores",
            text);
    uint64_t number[4];
    const char *p = colon;
    for (unsigned i = 0; i < 4; i++) {
        char *end = NULL;
        if (*p != ':' || p[1] < '0' || p[1] > '9')
            return unknown_model(text);
        number[i] = strtoull(p + 1, &end, 10);
        if (number[i] < 1 || number[i] > most[i])
            return lta_fail(LTA_ERR_USAGE, "--model %.200s: %s must be from 1 to %llu", text, names[i],
                            (unsigned long long)most[i]);
        p = end;
    }
    if (*p != '\0')
        return unknown_model(text);
    memcpy(name, text, length);
    name[length] = '\0';
    *out = (lta_model){name, number[0], number[1], number[2], number[3], 0};
    /* a name with its own numbers is the built-in model: name and numbers are all that a file records */
    for (const lta_model *m = lta_models; m->name; m++)
        if (strcmp(m->name, name) == 0 && m->layers == number[0] && m->kv_heads == number[1] &&
            m->head_size == number[2] && m->value_bytes == number[3])
            *out = *m;
    return LTA_OK;
}
