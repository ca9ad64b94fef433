/* pipeline/enrich/model.h - how many bytes of memory a model takes: its weights, and the KV cache of a
 * token. */
#ifndef LTA_ENRICH_MODEL_H
#define LTA_ENRICH_MODEL_H

#include "pipeline/core/status.h"

#include <stdint.h>

typedef struct lta_model {
    const char *name;
    uint64_t layers, kv_heads, head_size, value_bytes;
    uint64_t parameters; /* 0: not known */
} lta_model;

extern const lta_model lta_models[]; /* built in; ends with name NULL; the first is the default */

/* 2 (keys and values) x layers x KV heads x head size x bytes a value. */
uint64_t lta_model_token_bytes(const lta_model *m);
/* Of 16-bit weights; 0 where the number of parameters is not known. */
uint64_t lta_model_weight_bytes(const lta_model *m);

/* text: a built-in name (any case), or NAME:LAYERS:KV_HEADS:HEAD_SIZE:BYTES, which may be a built-in one;
 * NULL = the default. out->name is borrowed from the table, or from `name`, a buffer of at least 64 bytes.
 * LTA_ERR_USAGE lists what is known.
 */
LTA_MUST_CHECK lta_status lta_model_parse(const char *text, char name[64], lta_model *out);

#endif
