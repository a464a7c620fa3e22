/* SPDX-License-Identifier: MIT */
/* proto/openrpc.json as a string; build-aux/embed generates the source. */
#ifndef GPALD_SERVER_OPENRPC_DOCUMENT_H
#define GPALD_SERVER_OPENRPC_DOCUMENT_H

/* The document, NUL-terminated. */
extern const char gpald_openrpc_document[];

#endif
