/* Registries for the command line: what net.h says of them. */
#include "host/base/file.h"
#include "net/identity.h"
#include "net/locate.h"
#include "net/net.h"
#include "net/registry.h"

#include <stdio.h>

int net_registry_generate(unsigned peers, const char *folder, int64_t now_s, struct err *e)
{
    if (identity_init() != 0) {
        return err_set(e, PP_EIO, "no source of randomness");
    }
    return registry_generate(peers, folder, now_s, e);
}

typedef void line_cb(void *context, const char *text);

static void tell_queues(const char *path, const struct registry *r, line_cb *line, void *context)
{
    char text[512];
    for (size_t i = 0; i < r->queues_count; i++) {
        const struct registry_queue *q = &r->queues[i];
        snprintf(text, sizeof text, "%s: queue \"%s\": %zu trusted peer%s%s", path, q->name,
            q->trusted_count, q->trusted_count == 1 ? "" : "s",
            q->trusted_only ? ", closed to all others" : ", open to clients");
        line(context, text);
    }
}

static void tell_cids(const struct strbuf *bytes, line_cb *line, void *context)
{
    char v0[64];
    char v1[80];
    char text[256];
    locate_cids(strbuf_text(bytes), bytes->len, v0, v1);
    snprintf(text, sizeof text, "its CID by `ipfs add`: %s", v0);
    line(context, text);
    snprintf(text, sizeof text, "its CID by `ipfs add --cid-version=1`: %s", v1);
    line(context, text);
}

int net_registry_check(const char *path, line_cb *line, void *context, struct err *e)
{
    struct strbuf bytes = {0};
    struct registry_notes notes = {0};
    if (identity_init() != 0 || file_read(path, REGISTRY_SIZE_MAX, &bytes, e) != 0) {
        strbuf_fini(&bytes);
        return -PP_EINVAL;
    }
    struct registry *r = registry_parse(strbuf_text(&bytes), bytes.len, path, &notes);
    for (size_t i = 0; i < notes.count; i++) {
        line(context, notes.at[i].text);
    }
    if (r != NULL) {
        tell_queues(path, r, line, context);
        tell_cids(&bytes, line, context);
    } else {
        err_set(e, PP_EINVAL, "\"%s\" has %zu mistake%s", path, notes.mistakes,
            notes.mistakes == 1 ? "" : "s");
    }
    int rc = r != NULL ? 0 : -PP_EINVAL;
    registry_free(r);
    registry_notes_fini(&notes);
    strbuf_fini(&bytes);
    return rc;
}
