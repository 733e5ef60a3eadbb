#include "host/io/serial_tty.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <linux/serial.h>
#include <sys/ioctl.h>

int serial_tty_setup(int fd, int baud)
{
    struct termios2 t;
    if (ioctl(fd, TCGETS2, &t) != 0) {
        return -1;
    }
    t.c_iflag = IGNPAR;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cflag = CS8 | CREAD | CLOCAL | BOTHER;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    t.c_ispeed = (speed_t)baud;
    t.c_ospeed = (speed_t)baud;
    return ioctl(fd, TCSETS2, &t);
}

int serial_tty_keep_dtr(int fd)
{
    struct termios2 t;
    if (ioctl(fd, TCGETS2, &t) != 0) {
        return -1;
    }
    t.c_cflag &= ~(tcflag_t)HUPCL;
    return ioctl(fd, TCSETS2, &t);
}

int serial_tty_baud(int fd)
{
    struct termios2 t;
    return ioctl(fd, TCGETS2, &t) == 0 ? (int)t.c_ospeed : -1;
}

int serial_tty_flush_input(int fd)
{
    return ioctl(fd, TCFLSH, TCIFLUSH);
}

int serial_tty_flush_output(int fd)
{
    return ioctl(fd, TCFLSH, TCOFLUSH);
}

size_t serial_tty_unsent(int fd)
{
    int bytes = 0;
    return ioctl(fd, TIOCOUTQ, &bytes) == 0 && bytes > 0 ? (size_t)bytes : 0;
}

int serial_tty_set_exclusive(int fd, bool on)
{
    return ioctl(fd, on ? TIOCEXCL : TIOCNXCL);
}

bool serial_tty_is_exclusive(int fd)
{
    int on = 0;
    return ioctl(fd, TIOCGEXCL, &on) == 0 && on != 0;
}

int serial_tty_low_latency(int fd)
{
    struct serial_struct s;
    if (ioctl(fd, TIOCGSERIAL, &s) != 0) {
        return -1;
    }
    s.flags |= (int)ASYNC_LOW_LATENCY;
    return ioctl(fd, TIOCSSERIAL, &s);
}
