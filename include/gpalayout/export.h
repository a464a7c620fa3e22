/* SPDX-License-Identifier: MIT */
/* Marks what the libraries export; everything else in them is hidden. */
#ifndef GPALAYOUT_EXPORT_H
#define GPALAYOUT_EXPORT_H

#define GPAL_API __attribute__((visibility("default")))
#define GPAL_MUST_USE __attribute__((warn_unused_result))

/* Around declarations, for C++. */
#ifdef __cplusplus
#define GPAL_BEGIN_DECLS extern "C" {
#define GPAL_END_DECLS }
#else
#define GPAL_BEGIN_DECLS
#define GPAL_END_DECLS
#endif

#endif
