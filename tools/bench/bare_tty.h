/* The serial port of the bare loop: raw, 8N1, any baud rate.
 *
 * A file of its own because the kernel's termios2 (needed for 250000 baud) and the headers of libuv
 * cannot be included together.
 */
#ifndef PP_BENCH_BARE_TTY_H
#define PP_BENCH_BARE_TTY_H

/* A non-blocking descriptor of the port, or -1 with errno. */
int bare_tty_open(const char *path, unsigned baud);

#endif
