/* pipeline/release/citation.c - CITATION.cff (Citation File Format 1.2.0) and zenodo.json (the metadata of a
 * Zenodo deposit). */
#include "pipeline/release/documents.h"

#include "pipeline/core/array.h"
#include "pipeline/core/file.h"
#include "pipeline/core/text_out.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* "key: "text"": a JSON string is a YAML one. */
static void line(lta_text_out *o, const char *key, const char *text)
{
    lta_out_text(o, key);
    lta_out_text(o, ": ");
    lta_out_json_text(o, text);
    lta_out_text(o, "\n");
}

/* "Doe, Jane" is a person, "The Archive" is not. */
static lta_status author(lta_text_out *o, const lta_release_creator *c)
{
    const char *comma = strchr(c->name, ',');
    lta_status st = LTA_OK;
    char *family = NULL, *orcid = NULL;
    if (!comma) {
        line(o, "  - name", c->name);
    } else {
        const char *given = comma + 1 + strspn(comma + 1, " ");
        LTA_TRY(lta_copy_text(c->name, (size_t)(comma - c->name), &family));
        line(o, "  - family-names", family);
        if (*given)
            line(o, "    given-names", given);
        if (c->affiliation)
            line(o, "    affiliation", c->affiliation);
    }
    if (c->orcid) {
        size_t size = strlen(c->orcid) + sizeof "https://orcid.org/";
        LTA_TRY(LTA_ALLOC(&orcid, size));
        snprintf(orcid, size, "https://orcid.org/%s", c->orcid);
        line(o, "    orcid", orcid);
    }
done:
    lta_free(family);
    lta_free(orcid);
    return st;
}

lta_status lta_release_write_citation(const lta_release_facts *f)
{
    const lta_release_config *c = f->config;
    lta_status st = LTA_OK;
    char *path = NULL;
    lta_text_out *o = NULL;
    lta_text_file out = {0};
    LTA_TRY(LTA_ALLOC(&o, 1));
    LTA_TRY(lta_join_path(f->dir, "CITATION.cff", &path));
    LTA_TRY(lta_text_create(path, &out));
    lta_out_begin(o, out.stream);
    lta_out_text(o, "cff-version: 1.2.0\nmessage: \"If you use these data, please cite them as "
                    "below.\"\ntype: dataset\n");
    line(o, "title", c->title);
    line(o, "abstract", c->description);
    line(o, "version", c->version);
    line(o, "license", c->licence);
    if (f->date[0])
        line(o, "date-released", f->date);
    lta_out_text(o, "authors:\n");
    for (uint64_t i = 0; i < c->n_creators; i++)
        LTA_TRY(author(o, &c->creator[i]));
    if (c->keywords.n > 0)
        lta_out_text(o, "keywords:\n");
    for (uint64_t i = 0; i < c->keywords.n; i++) {
        lta_out_text(o, "  - ");
        lta_out_json_text(o, lta_strings_get(&c->keywords, i));
        lta_out_text(o, "\n");
    }
    LTA_TRY(lta_out_finish(o, path));
    LTA_TRY(lta_text_commit(&out));
done:
    lta_text_close(&out);
    lta_free(o);
    lta_free(path);
    return st;
}

/* Zenodo takes a description for HTML. lta_free() it; NULL: memory has run out. */
static char *as_html(const char *text)
{
    static const char *const escaped[UCHAR_MAX + 1] = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;"};
    enum { LONGEST = sizeof "&amp;" - 1 };
    char *html;
    if (LTA_ALLOC(&html, strlen(text) * LONGEST + 1) != LTA_OK)
        return NULL;
    char *p = html;
    for (; *text; text++) {
        const char *e = escaped[(unsigned char)*text];
        if (e)
            p = stpcpy(p, e);
        else
            *p++ = *text;
    }
    *p = '\0';
    return html;
}

lta_status lta_release_write_zenodo(const lta_release_facts *f)
{
    const lta_release_config *c = f->config;
    json_t *creators = json_array(), *keywords = json_array();
    char licence[64], *description = as_html(c->description);
    size_t n = 0;
    for (; c->licence[n] && n + 1 < sizeof licence; n++)
        licence[n] = (char)tolower((unsigned char)c->licence[n]); /* as Zenodo names licences */
    licence[n] = '\0';
    for (uint64_t i = 0; i < c->n_creators; i++) {
        json_t *person = json_pack("{s:s}", "name", c->creator[i].name);
        if (person && c->creator[i].affiliation)
            json_object_set_new(person, "affiliation", json_string(c->creator[i].affiliation));
        if (person && c->creator[i].orcid)
            json_object_set_new(person, "orcid", json_string(c->creator[i].orcid));
        json_array_append_new(creators, person);
    }
    for (uint64_t i = 0; i < c->keywords.n; i++)
        json_array_append_new(keywords, json_string(lta_strings_get(&c->keywords, i)));
    json_t *metadata =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "upload_type", "dataset", "title", c->title,
                  "description", description, "version", c->version, "access_right", "open", "license",
                  licence, "creators", creators, "keywords", keywords);
    lta_free(description);
    if (metadata && f->date[0])
        json_object_set_new(metadata, "publication_date", json_string(f->date));
    return lta_release_write_json(f, "zenodo.json",
                                  metadata ? json_pack("{s:o}", "metadata", metadata) : NULL);
}
