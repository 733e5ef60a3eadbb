/* What a printer says of its card: lists and single lines, with whatever bytes. */
#include "host/core/line.h"
#include "host/core/sdcard.h"

#include <assert.h>
#include <string.h>

static void check_entry(void *context, const struct sd_entry *e)
{
    (void)context;
    assert(e->name[0] != '\0' && strlen(e->name) < sizeof e->name);
    assert(e->display[0] != '\0' && strlen(e->display) < sizeof e->display);
    assert(e->size_bytes >= -1 && e->date_s >= -1);
    for (const char *p = e->name; *p != '\0'; p++) {
        assert((unsigned char)*p >= 0x20 && *p != 0x7f);
    }
}

static bool never(void *context, const char *name)
{
    (void)context;
    (void)name;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line_split split = {.len = 0};
    const char *bytes = (const char *)data;
    const char *line;
    size_t len;
    while (line_next(&split, &bytes, &size, &line, &len)) {
        struct sd_reply r;
        char name[13];
        sd_parse(&r, line);
        assert(r.kind != SD_POSITION || (r.pos >= 0 && r.size >= 0));
        assert(strlen(r.name) < sizeof r.name);
        sd_list_line(line, check_entry, NULL);
        assert(sd_dos_name(name, line, never, NULL) && sd_name_ok(name));
        sd_unwritable(line, len);
    }
    return 0;
}
