/* mailctl_user_list: users as they are shown. */
#ifndef MAILCTL_MAILCTL_USER_LIST_H
#define MAILCTL_MAILCTL_USER_LIST_H

#include <jansson.h>

#include "mailstore/users.h"

/* user, disabled, has_password, messages, used, quota. */
json_t *mailctl_user_list_json(const struct store_user *);

#endif
