/* The baud rate of a terminal, any number: by termios2, whose header clashes with <termios.h>. */
#ifndef PPV_RATE_H
#define PPV_RATE_H

/* 0 if the terminal does not tell. */
unsigned rate_of(int fd);

void rate_set(int fd, unsigned baud);

#endif
