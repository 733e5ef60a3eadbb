/* Terminal settings by termios2: any baud rate, which <termios.h> cannot say. Apart from serial.c
 * as <asm/termbits.h> clashes with <termios.h>, which <uv.h> includes. All return 0 or -1 with
 * errno.
 */
#ifndef PP_IO_SERIAL_TTY_H
#define PP_IO_SERIAL_TTY_H

#include <stdbool.h>
#include <stddef.h>

/* Raw, 8N1, no flow control, no hang-up on close, `baud` both ways. */
int serial_tty_setup(int fd, int baud);

/* No hang-up on close: neither closing nor dying drops DTR. */
int serial_tty_keep_dtr(int fd);

/* The output rate set now; -1 if it cannot be told. */
int serial_tty_baud(int fd);

/* Throws away what waits in the kernel. */
int serial_tty_flush_input(int fd);
int serial_tty_flush_output(int fd);

/* Output that waits there; 0 if it cannot be told. */
size_t serial_tty_unsent(int fd);

/* Locks out (other users') later opens until the port is closed by all; no effect on those that are
 * open. */
int serial_tty_set_exclusive(int fd, bool on);
bool serial_tty_is_exclusive(int fd);

/* Asks the driver to hand bytes over at once instead of every 16 ms (FTDI). */
int serial_tty_low_latency(int fd);

#endif
