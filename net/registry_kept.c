#include "net/registry_kept.h"

#include "host/base/file.h"
#include "host/base/mem.h"
#include "net/registry.h"

#include <stdlib.h>
#include <string.h>

#define HEAD          "# copy of "
#define SIZE_MAX_KEPT (REGISTRY_SIZE_MAX + 1024) /* with its first line */

char *kept_path(const char *folder, const char *name)
{
    struct strbuf b = {0};
    strbuf_printf(&b, "%s/registry-", folder);
    for (const unsigned char *p = (const unsigned char *)name; *p != '\0'; p++) {
        bool plain = (*p >= '0' && *p <= '9') || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') ||
                     *p == '-' || *p == '_';
        strbuf_printf(&b, plain ? "%c" : "%%%02X", *p);
    }
    strbuf_puts(&b, ".yaml");
    return b.data;
}

void kept_save(const char *path, const char *where, const char *cid, const char *bytes, size_t len)
{
    struct strbuf now = {0};
    struct strbuf old = {0};
    strbuf_printf(&now, HEAD "%s %s\n", where, cid);
    strbuf_add(&now, bytes, len);
    bool same = file_read(path, SIZE_MAX_KEPT, &old, NULL) == 0 && old.len == now.len &&
                memcmp(old.data, now.data, now.len) == 0;
    if (!same) {
        file_write(path, now.data, now.len, 0600, NULL);
    }
    strbuf_fini(&now);
    strbuf_fini(&old);
}

bool kept_load(
    const char *path, const char *where, struct strbuf *bytes, char *cid, size_t cid_size)
{
    char *head = mem_printf(HEAD "%s ", where);
    bool ours =
        file_read(path, SIZE_MAX_KEPT, bytes, NULL) == 0 && str_starts(strbuf_text(bytes), head);
    if (ours) {
        const char *from = strbuf_text(bytes) + strlen(head);
        str_copy(cid, cid_size, from, strcspn(from, "\n"));
    }
    free(head);
    return ours;
}
