/* MeatPack: two characters of gcode in one byte, as Marlin (MEATPACK) and Prusa's firmware unpack
 * it when they take bytes out of their receive ring.
 *
 * The 15 commonest characters have a code of four bits; the first character of a pair is the lower
 * half. Code 15 means that the character follows as a byte of its own: [15|15] 'N' 'Y'. A newline
 * in the lower half ends the line, the upper half is not looked at. Two bytes of 0xff begin an
 * order, in or out of packed text; each order is answered by "[MP] PV01 ON ESP".
 *
 * The firmware adds and drops nothing: what is packed comes out as it was, and checksums are over
 * the unpacked text. Its "no spaces" (NSP) is another table, with E in the place of the blank,
 * meant for hosts that take the blanks out themselves. It is not used here: what is executed shall
 * be what the file says, letter by letter, and it would save one byte in eight at most.
 *
 * What packing gains: a sliced file's numbered lines take 64 % of the bytes. What it costs: in
 * plain text the checksum shows every single flipped bit and lost byte. Here one of either can
 * change several characters, which a checksum of eight bits may miss: about 100 of a million
 * flipped bits, and 25,000 of a million lost bytes, because two equal characters cancel out in it.
 * Therefore two equal characters do not go into one byte here, which leaves 10
 * (tests/prop/test_packing.c). And a byte garbled into 0xff can make Marlin's unpacker put four
 * characters into a buffer of two. So it is off unless a person turns it on.
 */
#ifndef PP_CORE_MEATPACK_H
#define PP_CORE_MEATPACK_H

#include <stdbool.h>
#include <stddef.h>

#define MEATPACK_ORDER 3 /* bytes of an order */

/* Most bytes that a line of `len` characters can take. */
#define MEATPACK_MAX(len) ((len) + ((len) + 1) / 2)

enum meatpack_order {
    MEATPACK_PLAIN_BLANKS, /* the table with the blank, whatever another host has chosen */
    MEATPACK_ON,
    MEATPACK_RESET /* off, and no half pair or half order is left, in whatever state it was */
};

/* Packs a line that ends in its only newline and has no 0xff; returns the bytes put into `out`, at
 * most MEATPACK_MAX(len). */
size_t meatpack_pack(char *out, const char *line, size_t len);

/* How many bytes meatpack_pack() would put. */
size_t meatpack_size(const char *line, size_t len);

/* The three bytes of an order. */
const char *meatpack_order(enum meatpack_order order);

struct meatpack_report {
    bool on;
    bool usable; /* the version and the table that meatpack_pack() speaks */
};

/* Reads "[MP] PV01 ON ESP"; false if the line is none of these. */
bool meatpack_report(struct meatpack_report *out, const char *line);

#endif
