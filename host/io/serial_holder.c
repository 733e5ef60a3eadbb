#include "host/io/serial_holder.h"

#include "host/base/str.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* True if one of the process's descriptors is this path. */
static bool has_open(long pid, const char *path)
{
    char folder[64];
    char link[2 * NAME_MAX];
    char target[PATH_MAX];
    bool found = false;
    struct dirent *d = NULL;
    snprintf(folder, sizeof folder, "/proc/%ld/fd", pid);
    DIR *stream = opendir(folder);
    if (stream == NULL) {
        return false; /* gone, or another user's */
    }
    while (!found && (d = readdir(stream)) != NULL) {
        snprintf(link, sizeof link, "%s/%s", folder, d->d_name);
        ssize_t n = readlink(link, target, sizeof target - 1);
        if (n > 0) {
            target[n] = '\0';
            found = strcmp(target, path) == 0;
        }
    }
    closedir(stream);
    return found;
}

/* The process that has the path open, our own only if no other does; 0 = none seen. */
static long find_by_descriptor(const char *path)
{
    long own = 0;
    long found = 0;
    struct dirent *d = NULL;
    DIR *stream = opendir("/proc");
    while (stream != NULL && found == 0 && (d = readdir(stream)) != NULL) {
        long pid = isdigit((unsigned char)d->d_name[0]) ? strtol(d->d_name, NULL, 10) : 0;
        if (pid == getpid()) {
            own = pid;
        } else if (pid > 0 && has_open(pid, path)) {
            found = pid;
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return found != 0 ? found : own;
}

/* The holder of the lock as /proc/locks tells it, which shows other users' too; 0 = none seen. */
static long find_by_lock(const char *path)
{
    char line[256];
    char wanted[64] = "";
    struct stat st;
    long found = 0;
    FILE *f = fopen("/proc/locks", "re");
    bool known = f != NULL && stat(path, &st) == 0;
    if (known) {
        snprintf(wanted, sizeof wanted, "%02x:%02x:%lu", major(st.st_dev), minor(st.st_dev),
            (unsigned long)st.st_ino);
    }
    while (known && found == 0 && fgets(line, sizeof line, f) != NULL) {
        char pid[24];
        char file[64];
        int64_t number = 0;
        int n = sscanf(line, "%*s FLOCK %*s %*s %23s %63s", pid, file);
        if (n == 2 && strcmp(file, wanted) == 0 && str_to_int(pid, 1, INT32_MAX, &number)) {
            found = (long)number;
        }
    }
    if (f != NULL) {
        fclose(f);
    }
    return found;
}

const char *serial_holder_find(const char *path, char *out, size_t out_size)
{
    char file[64];
    char name[64] = "";
    char shown[128];
    long pid = find_by_lock(path);
    if (pid <= 0) {
        pid = find_by_descriptor(path);
    }
    snprintf(file, sizeof file, "/proc/%ld/comm", pid);
    FILE *f = pid > 0 ? fopen(file, "re") : NULL;
    if (f == NULL || fgets(name, sizeof name, f) == NULL) {
        snprintf(out, out_size, "another program");
    } else {
        str_escape(shown, sizeof shown, name, strcspn(name, "\n"));
        snprintf(out, out_size, "%s (pid %ld)", shown, pid);
    }
    if (f != NULL) {
        fclose(f);
    }
    return out;
}
