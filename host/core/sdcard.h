/* What printers say of their SD card, and the names of files on it.
 *
 * Pure. Lists come in many forms: Marlin with and without sizes, times and long names, Prusa in
 * lower case and with quotes, Repetier with folders, RepRapFirmware as quoted names in one line.
 * Failures: what is not understood is no entry; nothing is taken for more than it says.
 */
#ifndef PP_CORE_SDCARD_H
#define PP_CORE_SDCARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SD_NAME_SIZE 128 /* of a path on the card, with its NUL */
#define SD_FILES_MAX 2000

enum sd_kind {
    SD_OTHER,
    SD_LIST_BEGIN,
    SD_LIST_END,
    SD_POSITION,     /* pos of size bytes are printed */
    SD_NOT_PRINTING, /* also while paused, with some firmwares */
    SD_OPENED,       /* name, size (-1 = not told) */
    SD_SELECTED,
    SD_CURRENT, /* name: answer to M27 C */
    SD_OPEN_FAILED,
    SD_DONE,    /* the last line of the file is printed */
    SD_WRITING, /* name */
    SD_SAVED,
    SD_DELETED,
    SD_DELETE_FAILED,
    SD_WRITE_ERROR,
    SD_READ_ERROR,
    SD_INSERTED, /* there is a card */
    SD_MISSING   /* there is none, or it cannot be read */
};

struct sd_reply {
    enum sd_kind kind;
    int64_t pos;
    int64_t size;
    char name[SD_NAME_SIZE];
};

struct sd_entry {
    char name[SD_NAME_SIZE];    /* by which the printer knows it; folders before '/' */
    char display[SD_NAME_SIZE]; /* the long name, or the same */
    int64_t size_bytes;         /* -1 = not told */
    int64_t date_s;             /* seconds since 1970 of the printer's clock; -1 = not told */
};

/* What one line says; SD_OTHER when it does not speak of the card. */
void sd_parse(struct sd_reply *r, const char *line);

/* The entries of one line inside a list, told one by one; only files that may be gcode. */
void sd_list_line(
    const char *line, void (*each)(void *context, const struct sd_entry *entry), void *context);

/* True if both name the same file: case and a leading '/' do not count. */
bool sd_same_name(const char *a, const char *b);

/* A name of 8.3 characters like `name` that `taken` does not know, e.g. "BRACKE~1.GCO"; false if
 * there is none. */
bool sd_dos_name(
    char out[13], const char *name, bool (*taken)(void *context, const char *name), void *context);

/* True if `name` may stand in a command: printable, no blank, quote, '*', ';', '#' or '!' in it. */
bool sd_name_ok(const char *name);

/* NULL if the line may be written to a card as it is; else what is wrong with it. Firmware looks
 * for M29 anywhere in a line and takes it for the end of the file; what followed would be carried
 * out. It cuts lines at a '*'. */
const char *sd_unwritable(const char *text, size_t len);

#endif
