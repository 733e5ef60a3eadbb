// link: ppvirtual_model
/* Any lines as specs and orders, one a line, to a printer that is given commands meanwhile: specs
 * that are accepted take effect. */
#include "tools/ppvirtual/model.h"
#include "tools/ppvirtual/order.h"

#include <string.h>

#define STEP_NS   UINT64_C(50000000)
#define ROUNDS    40
#define SPEC_LINE 400

static void obey(struct model *m, const char *bytes, size_t len, struct strbuf *out)
{
    char line[SPEC_LINE];
    str_copy(line, sizeof line, bytes, len);
    order_line(m, line, out);
    out->len = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model m;
    struct settings s;
    struct strbuf out = {0};
    struct havoc_order order;
    uint64_t now_ns = 0;
    if (size > 2000) {
        return 0;
    }
    settings_default(&s);
    s.heat_k_s = 100;
    model_init(&m, &s);
    for (const char *p = (const char *)data, *end = p + size; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t len = newline != NULL ? (size_t)(newline - p) : (size_t)(end - p);
        obey(&m, p, len, &out);
        p += len + 1;
    }
    static const char text[] = "M105\nN1 G1 X1*96\nM5555\nM109 S60\n";
    for (int i = 0; i < ROUNDS; i++) {
        struct event e = {EVENT_BYTES, text, sizeof text - 1};
        model_step(&m, now_ns, i % 4 == 0 ? &e : NULL, &out);
        now_ns += STEP_NS;
        out.len = 0;
        while (havoc_take_order(&m, &order)) {
        }
    }
    strbuf_fini(&out);
    model_fini(&m);
    return 0;
}
