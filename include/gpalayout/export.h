/* SPDX-License-Identifier: MIT */
/* Macros for declarations. The libraries export only the functions marked GPAL_API. */
#ifndef GPALAYOUT_EXPORT_H
#define GPALAYOUT_EXPORT_H

/* The function is exported. */
#define GPAL_API __attribute__((visibility("default")))

/* The compiler warns if a caller ignores the result. */
#define GPAL_MUST_USE __attribute__((warn_unused_result))

/* A header puts its declarations between these two, so that C++ programs can use it. */
#ifdef __cplusplus
#define GPAL_BEGIN_DECLS extern "C" {
#define GPAL_END_DECLS }
#else
#define GPAL_BEGIN_DECLS
#define GPAL_END_DECLS
#endif

#endif
