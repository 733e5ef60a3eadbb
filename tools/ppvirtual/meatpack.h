/* Marlin's MeatPack: what is read from the receive ring is unpacked before lines are made of it.
 *
 * A byte is two characters of four bits, the lower half first; half 15 stands for a character that
 * follows as a byte. 0xff 0xff and a third byte are an order, packed or not; each is answered by a
 * report of the state. It starts plain, and a reset of the board makes it plain again. An order to
 * stop unpacking leaves a half pair behind for the next start; only "reset" forgets that, and only
 * the order for it brings the blank back into the table: so does the firmware.
 */
#ifndef PPV_MEATPACK_H
#define PPV_MEATPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct meatpack {
    bool on;
    bool no_spaces;   /* as reported */
    bool e_for_blank; /* the table in use */
    bool order_next;
    unsigned signs; /* 0xff seen, 0 or 1 */
    unsigned full;  /* characters that follow as bytes */
    char second;    /* comes after the first of those; 0 = none */
};

#define MEATPACK_CHARS 4 /* most that one byte makes: two, and two of a 0xff kept before it */

/* Takes a byte; puts its characters into `out` and returns how many. `reports`: an order was
 * obeyed, which is to be answered. */
size_t meatpack_feed(struct meatpack *p, char byte, char out[MEATPACK_CHARS], bool *reports);

/* "[MP] PV01 ON ESP\n" */
const char *meatpack_state(const struct meatpack *p);

/* Whether a line may end with this byte, whatever the state: the one before is needed too. */
bool meatpack_may_end(char byte, char before);

#endif
