// link: ppvirtual_model
/* Any bytes from a host, with time passing at each 0xff byte; the first byte chooses the firmware.
 */
#include "tools/ppvirtual/model.h"
#include "tools/ppvirtual/report.h"

#include <stdlib.h>

static uint64_t feed(struct model *m, const uint8_t *data, size_t size, struct strbuf *out)
{
    uint64_t now_ns = 0;
    size_t start = 0;
    for (size_t i = 0; i <= size; i++) {
        if (i < size && data[i] != 0xff) {
            continue;
        }
        struct event e = {EVENT_BYTES, (const char *)data + start, i - start};
        model_step(m, now_ns, &e, out);
        now_ns += UINT64_C(700000000);
        model_step(m, now_ns, NULL, out);
        out->len = 0;
        start = i + 1;
    }
    return now_ns;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 2000) {
        return 0;
    }
    static struct model m;
    struct settings s;
    settings_default(&s);
    const char *name = firmware_name(data[0] % 16);
    s.fw = firmware_find(name != NULL ? name : "marlin-2.1");
    s.ok = s.fw->ok;
    s.wire = (data[0] & 16) != 0;
    s.emergency_parser = (data[0] & 32) == 0;
    s.tools = data[0] & 64 ? 3 : 1;
    s.sd = (data[0] & 128) != 0;
    s.meatpack = s.sd;
    s.xonxoff = s.meatpack && s.wire;
    model_init(&m, &s);
    card_add(&m.card, "a part.gcode", "G28\nG1 X10 F600 ; go\nM28 X.GCO\nM29\nM23 B.G\nM24", 46);
    card_add(&m.card, "B.G", "M117 x\nM30 B.G\nM22", 18);
    struct strbuf out = {0};
    feed(&m, data + 1, size - 1, &out);
    free(report_text(&m));
    strbuf_fini(&out);
    model_fini(&m);
    return 0;
}
