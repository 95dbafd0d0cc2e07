/* mailctl_verbs: the table of verbs and main; the verbs themselves stand in one file a subject (mailctl_init.c, mailctl_user.c, …). */
#ifndef MAILCTL_MAILCTL_VERBS_H
#define MAILCTL_MAILCTL_VERBS_H

#include "mailctl/mailctl.h"

mailctl_fn mailctl_init, mailctl_check, mailctl_config_show, mailctl_domain_add;
mailctl_fn mailctl_ports, mailctl_wait, mailctl_reset;
mailctl_fn mailctl_queue_list, mailctl_queue_show, mailctl_queue_change, mailctl_queue_explain, mailctl_trace, mailctl_stats;
mailctl_fn mailctl_user_add, mailctl_user_list, mailctl_user_passwd, mailctl_user_delete;

#endif
