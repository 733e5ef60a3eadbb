/* Bytes of an upload arrive: counted against what is taken at most and what the disk has room for,
 * then left to the pool. See files.h.
 */
#include "host/app/files_impl.h"

#include <inttypes.h>
#include <string.h>

#define ROOM_STEP_BYTES (INT64_C(8) << 20)

static int check_size(const struct upload *u, int64_t size_bytes, struct err *e)
{
    if (size_bytes <= u->max_bytes) {
        return 0;
    }
    return err_field(e, PP_ETOOBIG, "file",
        "file \"%s\" is larger than %" PRId64 " bytes (%.1f MiB), the most that is taken", u->name,
        u->max_bytes, (double)u->max_bytes / (1 << 20));
}

int upload_check_room(const struct upload *u, int64_t more, struct err *e)
{
    int64_t room;
    int rc = blob_room(u->dir, &room, e);
    if (rc == 0 && room < more) {
        rc = err_set(e, PP_ENOSPC,
            "file \"%s\": the disk of \"%s\" has room for %" PRId64 " MiB more", u->name, u->dir,
            room > 0 ? room >> 20 : 0);
    }
    return rc;
}

int files_expect(struct upload *u, int64_t size_bytes, struct err *e)
{
    int rc = check_size(u, size_bytes, e);
    return rc == 0 ? upload_check_room(u, size_bytes - u->size_bytes, e) : rc;
}

static int take(struct upload *u, const void *bytes, size_t len)
{
    const char *nul = u->kind == FILE_GCODE ? memchr(bytes, '\0', len) : NULL;
    int64_t size_bytes = u->size_bytes + (int64_t)len;
    if (u->err.code != 0 || check_size(u, size_bytes, &u->err) != 0) {
        return -u->err.code;
    }
    if (nul != NULL) {
        return err_field(&u->err, PP_ETYPE, "file",
            "file \"%s\": byte %" PRId64 " is a NUL: this is no gcode text", u->name,
            u->size_bytes + (nul - (const char *)bytes) + 1);
    }
    if (size_bytes - u->room_checked >= ROOM_STEP_BYTES) {
        u->room_checked = size_bytes;
        if (upload_check_room(u, (int64_t)len, &u->err) != 0) {
            return -u->err.code;
        }
    }
    u->size_bytes = size_bytes;
    if (len > 0) {
        blob_pour_add(&u->pour, bytes, len);
    }
    return 0;
}

int files_write(struct upload *u, const void *bytes, size_t len, struct err *e)
{
    int rc = take(u, bytes, len);
    if (rc != 0 && e != NULL) {
        *e = u->err;
    }
    return rc;
}

bool files_full(const struct upload *u)
{
    return blob_pour_full(&u->pour);
}

void files_on_room(struct upload *u, void (*room)(void *context), void *context)
{
    u->room = room;
    u->room_context = context;
}
