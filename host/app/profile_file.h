/* The schema of profiles/printers/NAME.yaml and what a file that leaves things out gets
 * (profile.c). */
#ifndef PP_APP_PROFILE_FILE_H
#define PP_APP_PROFILE_FILE_H

#include "host/app/profile.h"
#include "host/app/shelf.h"

/* Its items begin with a struct profile. */
extern const struct shelf_kind profile_kind;

#endif
