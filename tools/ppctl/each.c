/* The same for each of the hosts that are meant. */
#include "tools/ppctl/ppctl.h"

#include "tools/ppctl/follow.h"

#include <stdio.h>

/* How one host is named in a document of several. */
static json_t *about(const struct host *h, const char *what, json_t *doc)
{
    return json_pack("{s:s, s:s, s:o}", "name", host_label(h), "url", h->url, what, doc);
}

static json_t *error_of(const struct answer *a)
{
    json_t *error = json_object_get(a->doc, "error");
    return json_is_object(error) ? json_incref(error)
                                 : json_pack("{s:s, s:s, s:n}", "code", err_name(a->error.code),
                                       "message", a->error.text, "field");
}

const char *target_of(const struct ppctl *c, const struct host *h, char out[static 80])
{
    if (c->count > 1) {
        snprintf(out, 80, "-H %.70s ", h->name);
    } else {
        snprintf(out, 80, "%s", c->target_hint);
    }
    return out;
}

/* Asks every host; the worst of what happened decides the status, 3 only when none answers. */
int read_each(struct ppctl *c, const char *path, const char *what,
    void (*show)(const struct ppctl *c, size_t i, const json_t *doc))
{
    json_t *all = json_array();
    size_t answered = 0;
    int status = PPCTL_DONE;
    bool several = c->count > 1;
    for (size_t i = 0; i < c->count; i++) {
        struct answer a;
        if (get(c->chosen[i], path, &a) == 0) {
            answered++;
            if (!c->json) {
                show(c, i, a.doc);
            } else if (several) {
                json_array_append_new(all, about(c->chosen[i], what, json_incref(a.doc)));
            } else {
                print_json(json_incref(a.doc));
            }
        } else if (several && c->json) {
            json_array_append_new(all, about(c->chosen[i], "error", error_of(&a)));
            fprintf(stderr, "ppctl: %s: %s\n", host_label(c->chosen[i]), a.error.text);
            status = PPCTL_FAILED;
        } else {
            status = fail_answer(c, c->chosen[i], &a);
        }
        answer_fini(&a);
    }
    if (several && c->json) {
        print_json(json_pack("{s:O}", "hosts", all));
    }
    json_decref(all);
    bool some = answered > 0 && status == PPCTL_NO_HOST;
    return some ? PPCTL_FAILED : status;
}

void show_doc(const struct ppctl *c, size_t i, const json_t *doc,
    void (*view)(struct strbuf *out, const struct view *v, const json_t *doc))
{
    struct strbuf text = {0};
    struct view v = view_now(c);
    if (c->count > 1) {
        strbuf_printf(&text, "%s%s:\n", i > 0 ? "\n" : "", host_label(c->chosen[i]));
    }
    view(&text, &v, doc);
    print_text(&text);
}

/* Opens the feed of every host; a refusal is explained by what a plain request says. */
int follow_each(struct ppctl *c, struct follow *follow, const char *topic)
{
    for (size_t i = 0; i < c->count; i++) {
        struct answer a = {0};
        int status = PPCTL_DONE;
        if (follow_open(&follow[i], c->chosen[i], topic, &(int){0}, &a.error) != 0) {
            struct err e = a.error;
            if (get(c->chosen[i], "/api/v1/status", &a) != 0) {
                status = fail_answer(c, c->chosen[i], &a);
            } else {
                status = fail(c, PPCTL_FAILED, &e);
            }
            answer_fini(&a);
        }
        if (status != PPCTL_DONE) {
            return status;
        }
    }
    return PPCTL_DONE;
}
