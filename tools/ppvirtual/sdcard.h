/* The printer's SD card: a few files in memory, one of which may be open for printing or writing.
 *
 * Files have a DOS name of 8.3 characters, by which commands name them, and a long one. Happy path
 * of a print: card_select(), card.printing, card_line() until it says that the file is over. Of an
 * upload: card_create(), card_write() for each line, card_close(). Failures: no card, no such file,
 * a card that is full (CARD_FILES files, CARD_BYTES in all).
 */
#ifndef PPV_SDCARD_H
#define PPV_SDCARD_H

#include "host/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CARD_FILES 64
#define CARD_BYTES (UINT64_C(256) << 20)
#define CARD_NONE  (-1)

struct card_file {
    char name[13];      /* "PART~1.GCO" */
    char long_name[64]; /* "part of a bracket.gcode" */
    uint32_t stamp;     /* DOS date and time: 0xDDDDTTTT */
    struct strbuf bytes;
};

struct card {
    bool present; /* in the slot */
    bool mounted; /* and known to the firmware */
    struct card_file files[CARD_FILES];
    size_t count;
    int selected; /* index, or CARD_NONE */
    size_t pos;   /* next byte to be read of it */
    bool printing;
    bool started; /* printing began and has not ended: maybe it is paused */
    int writing;  /* index, or CARD_NONE */
    uint64_t written;
};

void card_init(struct card *c);
void card_fini(struct card *c);

/* Puts a file with a long name on it, which gets a DOS name; false when it is full. */
bool card_add(struct card *c, const char *long_name, const char *bytes, size_t len);

/* The file of that DOS name in any case, with or without a leading '/'; CARD_NONE if there is none.
 */
int card_find(const struct card *c, const char *name);

/* Nothing is open any more. */
void card_release(struct card *c);

/* Opens a file to write into, emptied if it was there; false when the card is full. */
bool card_create(struct card *c, const char *name);

/* Appends to the file being written; false when the card is full. */
bool card_write(struct card *c, const char *bytes, size_t len);

/* Removes a file. */
void card_remove(struct card *c, int index);

/* The next line of the selected file without comment and surrounding blanks, "" for one that has
 * nothing else; false at its end. */
bool card_line(struct card *c, char *out, size_t out_size);

#endif
