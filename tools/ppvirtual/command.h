/* One command in its words: G1 X1.5 E.2 -> letter G, number 1, X and E with their values. */
#ifndef PPV_COMMAND_H
#define PPV_COMMAND_H

#include "tools/ppvirtual/line.h"

#include <stdbool.h>
#include <stdint.h>

#define COMMAND_BIT(letter) (UINT32_C(1) << ((letter) - 'A'))

struct command {
    char letter; /* G, M, T; 0: not a command */
    int number;
    uint32_t seen;   /* COMMAND_BIT of each parameter letter */
    uint32_t valued; /* those with a number */
    double value[26];
    char text[LINE_TEXT_MAX]; /* without number, checksum, comment, surrounding blanks */
    const char *rest;         /* behind the command word and its blanks; points into text */
};

/* Parses c->text, which the caller has set. */
void command_parse(struct command *c);

bool command_has(const struct command *c, char letter);

/* The parameter's number; `other` if it has none. */
double command_value(const struct command *c, char letter, double other);

#endif
