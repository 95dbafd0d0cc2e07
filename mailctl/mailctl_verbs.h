/* mailctl_verbs: the table of verbs and main; the verbs themselves stand in one file a subject (mailctl_init.c, mailctl_user.c, …). */
#ifndef MAILCTL_MAILCTL_VERBS_H
#define MAILCTL_MAILCTL_VERBS_H

#include "mailctl/mailctl.h"

mailctl_fn mailctl_init, mailctl_check, mailctl_config_show;
mailctl_fn mailctl_backup, mailctl_restore;
mailctl_fn mailctl_mailbox_list, mailctl_mailbox_create, mailctl_mailbox_rename, mailctl_mailbox_expire, mailctl_mailbox_delete;
mailctl_fn mailctl_ports, mailctl_wait, mailctl_reset;
mailctl_fn mailctl_queue_list, mailctl_queue_show, mailctl_queue_change, mailctl_queue_explain, mailctl_trace, mailctl_stats;
mailctl_fn mailctl_user_add, mailctl_user_list, mailctl_user_show, mailctl_user_passwd, mailctl_user_set, mailctl_user_quota, mailctl_user_delete;
mailctl_fn mailctl_alias_add, mailctl_alias_list, mailctl_alias_delete;
mailctl_fn mailctl_domain_add, mailctl_domain_list, mailctl_domain_set, mailctl_domain_delete;
mailctl_fn mailctl_import, mailctl_export;

#endif
