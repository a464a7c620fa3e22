/* SPDX-License-Identifier: MIT */
/* Marks what libgpalayout.so exports; everything else in it is hidden. */
#ifndef GPALAYOUT_EXPORT_H
#define GPALAYOUT_EXPORT_H

#define GPAL_API __attribute__((visibility("default")))
#define GPAL_MUST_USE __attribute__((warn_unused_result))

#endif
