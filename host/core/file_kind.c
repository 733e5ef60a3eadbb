#include "host/core/file_kind.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *suffix;
    enum file_kind kind;
} suffixes[] = {
    {".gcode", FILE_GCODE},
    {".gco", FILE_GCODE},
    {".gc", FILE_GCODE},
    {".g", FILE_GCODE},
    {".stl", FILE_MODEL},
    {".3mf", FILE_MODEL},
    {".obj", FILE_MODEL},
    {".gjob", FILE_PACKAGE},
};

static const char *const names[FILE_KINDS] = {
    [FILE_GCODE] = "gcode",
    [FILE_MODEL] = "model",
    [FILE_PACKAGE] = "job",
};

/* Index into the table; -1 for a suffix that is not there. */
static int find(const char *name, const char **suffix)
{
    const char *slash = strrchr(name, '/');
    const char *part = slash != NULL ? slash + 1 : name;
    *suffix = strrchr(part, '.');
    for (size_t i = 0; *suffix != NULL && i < sizeof suffixes / sizeof *suffixes; i++) {
        if (strcasecmp(*suffix, suffixes[i].suffix) == 0 && *suffix > part) {
            return (int)i;
        }
    }
    return -1;
}

enum file_kind file_kind_of(const char *name)
{
    const char *suffix;
    int i = find(name, &suffix);
    return i >= 0 ? suffixes[i].kind : FILE_GCODE;
}

const char *file_kind_name(enum file_kind kind)
{
    return names[kind];
}

const char *file_kind_suffix(const char *name)
{
    const char *suffix;
    return find(name, &suffix) >= 0 ? suffix : NULL;
}
