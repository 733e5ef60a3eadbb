// link: ppapp
/* Configuration and profile files from memory. The first byte chooses which; what is accepted must
 * be within the limits that the rest of the program relies on. */
#include "host/app/config_file.h"
#include "host/app/profile.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static void read_config(const char *text, size_t len)
{
    struct config_file f;
    struct yaml_mistakes m = {0};
    const struct config_section *s = NULL;
    config_file_init(&f);
    int rc = config_file_read(&f, "fuzz.yaml", text, len, &m);
    require((rc == 0) == (m.count == 0));
    require(m.count <= YAML_MAX_MISTAKES);
    for (size_t i = 0; (s = config_file_section(&f, i)) != NULL; i++) {
        require(s->name[0] != '\0' && strchr(s->name, '/') == NULL);
        require(s->baud == 0 || (s->baud >= 1200 && s->baud <= 4000000));
    }
    require(f.heaters_off_ms >= 60000 && f.heaters_off_ms <= 86400000);
    config_file_fini(&f);
    yaml_mistakes_fini(&m);
}

static void read_profile(const char *text, size_t len)
{
    struct strbuf mistakes = {0};
    struct profile *p = profile_read("/fuzz/fuzz.yaml", text, len, &mistakes);
    require((p != NULL) == (mistakes.len == 0));
    if (p != NULL) {
        for (int axis = 0; axis < 3; axis++) {
            require(p->limits.min_um[axis] < p->limits.max_um[axis]);
        }
        require(p->limits.max_tool_mc >= 100000 && p->limits.max_tool_mc <= 500000);
        require(p->limits.tools >= 1 && p->limits.tools <= 8);
        require(strchr(p->pause_script, '{') == NULL && strchr(p->cancel_script, '{') == NULL);
    }
    profile_free(p);
    strbuf_fini(&mistakes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const char *text = (const char *)data + 1;
    if (data[0] == 'p') {
        read_profile(text, size - 1);
    } else {
        read_config(text, size - 1);
    }
    return 0;
}
