#include "host/core/m115.h"

#include "host/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* True if a key ("UUID") stands in front of this colon; where it begins, in *key. */
static bool is_key(const char *from, const char *colon, const char **key)
{
    const char *word = colon;
    while (word > from && ((word[-1] >= 'A' && word[-1] <= 'Z') || word[-1] == '_')) {
        word--;
    }
    *key = word;
    return word < colon && word > from && (word[-1] == ' ' || word[-1] == '\t');
}

/* Copies the value behind `key`, up to the next " KEY:" or the end. */
static void take_value(const char *line, const char *key, char *out, size_t out_size)
{
    const char *p = strstr(line, key);
    const char *word;
    if (p == NULL) {
        return;
    }
    p += strlen(key);
    const char *end = p + strlen(p);
    for (const char *colon = strchr(p, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
        if (is_key(p, colon, &word)) {
            end = word - 1;
            break;
        }
    }
    str_escape(out, out_size, p, (size_t)(end - p));
}

/* The three numbers of `{x:0.0000,y:0.0000,z:0.0000}`; what is no sensible length is no area. */
static bool take_corner(const char *p, int64_t out_um[3])
{
    static const char *const names[] = {"x:", "y:", "z:"};
    const char *close = strchr(p, '}');
    for (size_t i = 0; i < 3; i++) {
        char *end = NULL;
        const char *at = close != NULL ? strstr(p, names[i]) : NULL;
        if (at == NULL || at > close) {
            return false;
        }
        double mm = strtod(at + 2, &end);
        if (end == at + 2 || !(mm > -10000 && mm < 10000)) {
            return false;
        }
        out_um[i] = (int64_t)(mm * 1000 + (mm < 0 ? -0.5 : 0.5));
    }
    return true;
}

static bool take_area(struct m115 *m, const char *line)
{
    const char *full = strstr(line, "full:{");
    const char *low = full != NULL ? strstr(full, "min:{") : NULL;
    const char *high = low != NULL ? strstr(low, "max:{") : NULL;
    int64_t min_um[3];
    int64_t max_um[3];
    if (high == NULL || !take_corner(low + 5, min_um) || !take_corner(high + 5, max_um)) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        if (min_um[i] >= max_um[i]) {
            return false;
        }
    }
    memcpy(m->min_um, min_um, sizeof min_um);
    memcpy(m->max_um, max_um, sizeof max_um);
    m->has_area = true;
    return true;
}

bool m115_take(struct m115 *m, const char *line)
{
    if (strncmp(line, "area:", 5) == 0) {
        return take_area(m, line);
    }
    if (strstr(line, "FIRMWARE_NAME:") != NULL) {
        take_value(line, "FIRMWARE_NAME:", m->firmware, sizeof m->firmware);
        take_value(line, "MACHINE_TYPE:", m->machine, sizeof m->machine);
        take_value(line, "UUID:", m->uuid, sizeof m->uuid);
        return true;
    }
    if (strncmp(line, "NAME. ", 6) == 0) {
        take_value(line, "NAME. ", m->firmware, sizeof m->firmware);
        take_value(line, "MODEL: ", m->machine, sizeof m->machine);
        return true;
    }
    return false;
}

bool m115_contradicts(const struct m115 *m, const int64_t min_um[3], const int64_t max_um[3],
    int64_t slack_um, char *text, size_t text_size)
{
    for (int i = 0; m->has_area && i < 3; i++) {
        if (min_um[i] + slack_um < m->min_um[i] || max_um[i] - slack_um > m->max_um[i]) {
            snprintf(text, text_size,
                "the printer says that its %c goes from %g to %g mm, the profile says %g to %g",
                'X' + i, (double)m->min_um[i] / 1000, (double)m->max_um[i] / 1000,
                (double)min_um[i] / 1000, (double)max_um[i] / 1000);
            return true;
        }
    }
    return false;
}
