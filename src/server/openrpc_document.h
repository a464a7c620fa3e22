/* SPDX-License-Identifier: MIT */
/* proto/openrpc.json, compiled in; made by build-aux/embed at build time. */
#ifndef GPALD_SERVER_OPENRPC_DOCUMENT_H
#define GPALD_SERVER_OPENRPC_DOCUMENT_H

/* The text, NUL-terminated. */
extern const char gpald_openrpc_document[];

#endif
