/* pipeline/tokenizer/sentencepiece.cc - sentencepiece.h by the library. Nothing thrown leaves this file. */
#include <sentencepiece_processor.h>

#include <exception>
#include <new>
#include <string>
#include <vector>

extern "C" {
#include "pipeline/core/array.h"
#include "pipeline/tokenizer/sentencepiece.h"
}

struct lta_sentencepiece {
    sentencepiece::SentencePieceProcessor processor;
    int bos; /* negative: the model has none */
};

namespace
{

lta_status no_memory() noexcept
{
    return lta_fail(LTA_ERR_NOMEM, "no memory left for SentencePiece");
}

lta_status append(const std::vector<int> &ids, int bos, lta_token_list *out)
{
    lta_status st = LTA_GROW(&out->id, &out->capacity, out->n + ids.size() + 1);
    if (st != LTA_OK)
        return st;
    if (bos >= 0)
        out->id[out->n++] = static_cast<uint32_t>(bos);
    for (int id : ids)
        out->id[out->n++] = static_cast<uint32_t>(id);
    return LTA_OK;
}

} /* namespace */

extern "C" const char *lta_sentencepiece_version(void)
{
    return LTA_SENTENCEPIECE_VERSION;
}

extern "C" lta_status lta_sentencepiece_load(const char *file, const char *data, size_t size,
                                             lta_sentencepiece **out)
{
    lta_sentencepiece *m = nullptr;
    try {
        m = new lta_sentencepiece;
        auto status = m->processor.LoadFromSerializedProto({data, size});
        if (status.ok()) {
            m->bos = m->processor.bos_id();
            *out = m;
            return LTA_OK;
        }
        delete m;
    } catch (const std::bad_alloc &) {
        delete m;
        return no_memory();
    } catch (const std::exception &) {
        delete m;
    }
    return lta_fail(LTA_ERR_FORMAT, "%s: is no SentencePiece model, expected a tokenizer.model", file);
}

extern "C" void lta_sentencepiece_free(lta_sentencepiece *m)
{
    delete m;
}

extern "C" lta_status lta_sentencepiece_encode(const lta_sentencepiece *m, const char *text, size_t length,
                                               lta_token_list *out)
{
    try {
        std::vector<int> ids;
        auto status = m->processor.Encode({text, length}, &ids);
        if (status.ok())
            return append(ids, m->bos, out);
        return lta_fail(LTA_ERR_RUN, "SentencePiece could not tokenize a text of %zu bytes: %.200s", length,
                        status.ToString().c_str());
    } catch (const std::bad_alloc &) {
        return no_memory();
    } catch (const std::exception &e) {
        return lta_fail(LTA_ERR_RUN, "SentencePiece could not tokenize a text of %zu bytes: %.200s", length,
                        e.what());
    }
}
