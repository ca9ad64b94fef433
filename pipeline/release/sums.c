/* pipeline/release/sums.c - SHA256SUMS: every file of a release, and as comments, which `sha256sum -c` skips,
 * what is equal whatever library compressed a file. */
#include "pipeline/release/documents.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"

#include <stdio.h>

lta_status lta_release_write_sums(const lta_release_facts *f)
{
    lta_status st = LTA_OK;
    char *path = NULL, *document = NULL, sha256[LTA_SHA256_HEX];
    uint64_t bytes;
    lta_text_file out = {0};
    LTA_TRY(lta_join_path(f->dir, "SHA256SUMS", &path));
    LTA_TRY(lta_text_create(path, &out));
    for (uint64_t i = 0; i < f->contents->n; i++)
        if (f->contents->file[i].content_sha256[0])
            fprintf(out.stream, "# content_sha256 %s  %s\n", f->contents->file[i].content_sha256,
                    f->contents->file[i].path);
    for (size_t i = 0; lta_release_documents[i]; i++) {
        LTA_TRY(lta_join_path(f->dir, lta_release_documents[i], &document));
        LTA_TRY(lta_release_file_digest(document, &bytes, sha256));
        fprintf(out.stream, "%s  %s\n", sha256, lta_release_documents[i]);
        lta_free(document);
        document = NULL;
    }
    for (uint64_t i = 0; i < f->contents->n; i++)
        fprintf(out.stream, "%s  %s\n", f->contents->file[i].sha256, f->contents->file[i].path);
    LTA_TRY(lta_text_commit(&out));
done:
    lta_text_close(&out);
    lta_free(document);
    lta_free(path);
    return st;
}
